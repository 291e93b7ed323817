import type { TestApp } from './test-app.js';

/** Tokens that work in a sub-organization: its administrator's, a follower's of its revocations, and one to be revoked. */
export interface WatchedOrganization {
  id: string;
  slug: string;
  admin: string;
  follower: string;
  token: string;
  tokenId: string;
}

/** A sub-organization with the root's administrator in it, and an identity of the root that follows its revocations. */
export async function watchedOrganization({ given }: TestApp, followerId: string): Promise<WatchedOrganization> {
  const { identityId: adminId } = await given.root();
  const { id: subOrgId, slug } = await given.subOrganization({ [adminId]: 'admin', [followerId]: 'verifier' });
  const mint = (id: string) => given.mint(id, { organizationSlug: slug });
  const [admin, follower, other] = [await mint(adminId), await mint(followerId), await mint(followerId)];
  const [token, tokenId] = [other.accessToken, other.tokenData.id];
  return { id: subOrgId, slug, admin: admin.accessToken, follower: follower.accessToken, token, tokenId };
}
