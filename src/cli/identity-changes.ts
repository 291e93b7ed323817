import type { CallOptions } from './call-options.js';
import { membershipsBelow, membershipText } from './identities.js';
import { idOf, ServiceClient } from './service-client.js';
import { printable } from './table.js';
import { answer, type Terminal } from './terminal.js';
import { attachTo, type LimitOptions, limitsOf } from './token-auth.js';
import { CommandError, UsageError } from './usage-error.js';

export interface CreateIdentityOptions extends CallOptions, LimitOptions {
  role: string;
  deleteProtection?: boolean;
  tokenAuth: boolean;
  quiet?: boolean;
}

export interface UpdateIdentityOptions extends CallOptions {
  name?: string;
  role?: string;
  deleteProtection?: boolean;
}

interface Identity {
  id: string;
  name: string;
}

/** Creates it in the organization that the caller's token works in, and lets tokens be made for it. */
export async function createIdentity(terminal: Terminal, name: string, options: CreateIdentityOptions): Promise<void> {
  const limits = limitsOf(options);
  if (!options.tokenAuth && Object.keys(limits).length > 0)
    throw new UsageError('Limits of tokens are those of Token Auth: they do not go with --no-token-auth');
  const service = await ServiceClient.of(terminal, options);
  const { identityDetails } = await service.send<{ identityDetails: { organization: { id: string } } }>(
    'identities/details',
  );
  const { role, deleteProtection: hasDeleteProtection = false } = options;
  const { identity } = await service.send<{ identity: Identity }>('identities', {
    method: 'POST',
    body: { name, organizationId: identityDetails.organization.id, role, hasDeleteProtection },
  });
  const tokenAuth = options.tokenAuth ? await attach(service, identity.id, limits) : null;
  const text = options.quiet ? identity.id : `The identity ${printable(identity.name)} is created: ${identity.id}`;
  answer(terminal, options, { identity, identityTokenAuth: tokenAuth }, text);
}

/** What was created before stays; whoever reads of the failure has to know it. */
async function attach(service: ServiceClient, id: string, limits: object): Promise<object> {
  try {
    return await attachTo(service, id, limits);
  } catch (error) {
    throw new CommandError(`The identity ${id} is created, but without Token Auth. ${(error as Error).message}`);
  }
}

export async function updateIdentity(terminal: Terminal, id: string, options: UpdateIdentityOptions): Promise<void> {
  const { name, role, deleteProtection: hasDeleteProtection } = options;
  if ([name, role, hasDeleteProtection].every((value) => value === undefined))
    throw new UsageError('Nothing is to be changed: say --name, --role, --delete-protection or --no-delete-protection');
  const service = await ServiceClient.of(terminal, options);
  const body = { name, role, hasDeleteProtection };
  const changed = await service.send<{ identity: { orgId: string } }>(`identities/${idOf(id)}`, {
    method: 'PATCH',
    body,
  });
  const kept = role === undefined ? '' : await keptMemberships(service, id, changed.identity.orgId);
  answer(terminal, options, changed, `The identity ${id} is changed.${kept}`);
}

/** Reports the memberships that a changed role leaves as they are. The caller may lack the permission to read them. */
async function keptMemberships(service: ServiceClient, id: string, orgId: string): Promise<string> {
  const memberships = await membershipsBelow(service, id, orgId).catch((error: unknown) => {
    if (error instanceof CommandError) return [];
    throw error;
  });
  if (memberships.length === 0) return '';
  return `\nIts memberships in sub-organizations are unchanged: ${memberships.map(membershipText).join(', ')}`;
}

export async function deleteIdentity(terminal: Terminal, id: string, options: CallOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const deleted = await service.send(`identities/${idOf(id)}`, { method: 'DELETE' });
  answer(terminal, options, deleted, `The identity ${id} is deleted, and its tokens are dead.`);
}
