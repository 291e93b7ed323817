import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { TokenAuthConfig } from '../database/entities/token-auth-config.entity.js';
import { MemberIdentities } from '../permission/member-identities.service.js';
import type { Actor } from '../permission/actor.js';
import { Permissions } from '../permission/permissions.service.js';
import { TokenAuthNotFoundError } from './token-auth-errors.js';

/** Reads the configuration, which changes nothing and needs no transaction. */
@Injectable()
export class TokenAuthConfigReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly identities: MemberIdentities,
    private readonly permissions: Permissions,
  ) {}

  async get(actor: Actor, identityId: string): Promise<TokenAuthConfig> {
    const db = this.dataSource.manager;
    await this.identities.find(db, actor, identityId);
    this.permissions.check(actor, 'identity', 'read');
    const config = await db.findOneBy(TokenAuthConfig, { identityId });
    if (!config) throw new TokenAuthNotFoundError();
    return config;
  }
}
