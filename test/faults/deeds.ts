import { decodeJwt } from '../support/jwt.js';
import { type Cluster, DETAILS, type Kind, KINDS } from './cluster.js';
import { atEpochSecond, type Credential, type Issue, now, type Oracle } from './oracle.js';
import type { Outcome, Replica, Request } from './replica.js';

const TOKENS = '/api/v1/auth/token-auth/tokens';

/** Good, refused, not known right now, and no answer. */
const EXPECTED = new Set([200, 401, 503, 0]);

type Verdict = 'accepted' | 'refused';

export interface Judged {
  verdict: Verdict | 'unknown';
  answeredAt: number;
}

/** What an answer to the token's bearer says of the token. */
const VERDICTS: Record<number, Verdict> = { 200: 'accepted', 401: 'refused' };

/** What an introspection says of it. A refusal to the caller says nothing. */
const verdictOf = ({ status, body }: Outcome): Verdict | undefined =>
  status === 200 ? (body.active === true ? 'accepted' : 'refused') : undefined;

/** By an administrator, by the text as the existing clients do it, and as RFC 7009 has it. */
export const REVOCATION_WAYS = ['by id', 'by itself', 'by possession'] as const;

export type RevocationWay = (typeof REVOCATION_WAYS)[number];

/** What the load does with tokens. Everything that it sends is judged by the oracle. */
export class Deeds {
  /** How often each status was answered; 0 stands for no answer at all. */
  readonly statuses = new Map<number, number>();
  /** Names that only mutations which came too late have given. */
  readonly forbiddenNames: string[] = [];
  private readonly unexplained: { told: string; replica: Replica; reqId: string }[] = [];
  private named = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly oracle: Oracle,
  ) {}

  /** Answers that nothing which is done here explains, and what was logged about them. */
  get surprises(): string[] {
    return this.unexplained.flatMap(({ told, replica, reqId }) => [told, ...replica.logOf(reqId)]);
  }

  /** Mints by the administrator; undefined when nobody said that it was done. */
  async mint(replica: Replica, kind: Kind): Promise<Credential | undefined> {
    const path = `/api/v1/auth/token-auth/identities/${this.cluster.identities[kind]}/tokens`;
    const outcome = await this.send(replica, { method: 'POST', path, token: this.cluster.adminToken, patience: 4000 });
    if (outcome.status !== 200) return undefined;
    const { config } = KINDS[kind];
    const credential = this.note(outcome, config.accessTokenTTL, { isNew: true });
    if ('accessTokenNumUsesLimit' in config) this.oracle.limited(credential, config.accessTokenNumUsesLimit);
    return credential;
  }

  /** Asks whether the token is good: with the token itself, or as a verifier does. */
  async verify(replica: Replica, credential: Credential, patience?: number): Promise<Judged> {
    const isBearer = Math.random() < 0.5;
    const introspection = { method: 'POST', path: '/oauth2/introspect', body: { token: credential.text } };
    const outcome = await this.send(
      replica,
      isBearer
        ? { ...DETAILS, token: credential.text, patience }
        : { ...introspection, token: this.cluster.adminToken, patience },
    );
    const verdict = isBearer ? VERDICTS[outcome.status] : verdictOf(outcome);
    return this.judge(replica, credential, isBearer ? 'verification' : 'introspection', outcome, verdict);
  }

  /** Whether somebody said that the token is revoked now. */
  async revoke(replica: Replica, { tokenId, text }: Credential, way: RevocationWay = 'by id'): Promise<boolean> {
    const byAdministrator = { path: `${TOKENS}/${tokenId}/revoke`, token: this.cluster.adminToken };
    const request = {
      'by id': byAdministrator,
      'by itself': { path: '/api/v1/auth/token/revoke', body: { accessToken: text } },
      'by possession': { path: '/oauth2/revoke', body: { token: text } },
    }[way];
    const outcome = await this.send(replica, { ...request, method: 'POST', patience: 4000 });
    if (outcome.status === 200) this.oracle.revokeAcknowledged(tokenId, outcome.answeredAt);
    return outcome.status === 200;
  }

  /** Mints another token with this one. */
  async mintWith(replica: Replica, credential: Credential): Promise<void> {
    const path = `/api/v1/auth/token-auth/identities/${this.cluster.identities.lasting}/tokens`;
    const outcome = await this.mutate(replica, credential, {
      method: 'POST',
      path,
      body: { name: this.name(credential) },
    });
    if (outcome.status === 200) this.note(outcome, KINDS.lasting.config.accessTokenTTL, { isNew: true });
  }

  /** Renames the token with itself. */
  async rename(replica: Replica, credential: Credential): Promise<void> {
    const path = `${TOKENS}/${credential.tokenId}`;
    await this.mutate(replica, credential, { method: 'PATCH', path, body: { name: this.name(credential) } });
  }

  /** Gives another text, or undefined when the token was refused. */
  async renew(
    replica: Replica,
    credential: Credential,
    kind: Kind,
    endsBefore?: number,
  ): Promise<Credential | undefined> {
    const body = { accessToken: credential.text };
    const outcome = await this.send(replica, { method: 'POST', path: '/api/v1/auth/token/renew', body });
    this.judge(replica, credential, 'mutation', outcome);
    if (outcome.status !== 200) return undefined;
    return this.note(outcome, KINDS[kind].config.accessTokenTTL, { isNew: false, endsBefore });
  }

  private async mutate(replica: Replica, credential: Credential, request: Request): Promise<Outcome> {
    const outcome = await this.send(replica, { ...request, token: credential.text, patience: 5000 });
    this.judge(replica, credential, 'mutation', outcome);
    return outcome;
  }

  /** A name of its own. Those that are given too late are looked for at the end. */
  private name({ tokenId }: Credential): string {
    const name = `mutation ${(this.named += 1)}`;
    const revokedAt = this.oracle.revokedAt.get(tokenId);
    if (revokedAt !== undefined && now() > revokedAt) this.forbiddenNames.push(name);
    return name;
  }

  private note(
    { body, answeredAt }: Outcome,
    lifetime: number,
    { isNew, endsBefore }: Pick<Issue, 'isNew' | 'endsBefore'>,
  ): Credential {
    const { jti, exp } = decodeJwt(body.accessToken) as { jti: string; exp: number };
    const credential = { tokenId: jti, text: body.accessToken as string, expiresAt: atEpochSecond(exp) };
    this.oracle.issued({ credential, lifetime, endsBefore, answeredAt, isNew });
    return credential;
  }

  /** An answer that says nothing about the token is no decision. */
  private judge(
    replica: Replica,
    credential: Credential,
    deed: 'verification' | 'introspection' | 'mutation',
    { status, decidedFrom, answeredAt }: Outcome,
    verdict: Verdict | undefined = VERDICTS[status],
  ): Judged {
    if (verdict) {
      const kind = deed === 'mutation' ? 'mutation' : 'verification';
      const what = `replica ${replica.name}, ${deed}`;
      this.oracle.decided({ credential, kind, takenFrom: decidedFrom, isAccepted: verdict === 'accepted', what });
    }
    return { verdict: verdict ?? 'unknown', answeredAt };
  }

  private async send(replica: Replica, request: Request): Promise<Outcome> {
    const outcome = await replica.send(request);
    this.statuses.set(outcome.status, (this.statuses.get(outcome.status) ?? 0) + 1);
    if (!EXPECTED.has(outcome.status)) {
      const told = `${request.method} ${request.path}: ${outcome.status}`;
      this.unexplained.push({ told, replica, reqId: outcome.body?.reqId ?? '(no request id)' });
    }
    return outcome;
  }
}
