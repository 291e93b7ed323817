import { Module } from '@nestjs/common';
import { MembershipController } from './membership.controller.js';
import { MembershipService } from './membership.service.js';
import { OrganizationReader } from './organization-reader.service.js';
import { OrganizationController } from './organization.controller.js';
import { SubOrganizationController } from './sub-organization.controller.js';
import { SubOrganizationService } from './sub-organization.service.js';

/** Organizations, the sub-organizations below them, and who is a member of these. */
@Module({
  controllers: [OrganizationController, SubOrganizationController, MembershipController],
  providers: [OrganizationReader, SubOrganizationService, MembershipService],
})
export class OrganizationModule {}
