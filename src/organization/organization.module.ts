import { Module } from '@nestjs/common';
import { OrganizationReader } from './organization-reader.service.js';
import { OrganizationController } from './organization.controller.js';
import { SubOrganizationController } from './sub-organization.controller.js';
import { SubOrganizationService } from './sub-organization.service.js';

/** Organizations, the sub-organizations below them, and who is a member of these. */
@Module({
  controllers: [OrganizationController, SubOrganizationController],
  providers: [OrganizationReader, SubOrganizationService],
})
export class OrganizationModule {}
