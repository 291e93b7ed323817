import type { Socket } from 'node:net';
import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';
import { Strategy } from 'passport-jwt';
import { bearerTokenOf } from '../common/http/bearer-token.js';
import { newId } from '../common/random-id.js';
import { AppConfig } from '../config/app-config.js';
import type { Actor } from '../permission/actor.js';
import { AccessTokenService } from './access-token.service.js';
import { RateLimits } from './rate-limit/rate-limits.service.js';
import type { ProvenToken } from './proven-token.js';
import { TokenProof } from './token-proof.service.js';
import type { VerificationKey } from './signing-key/signing-keys.service.js';

/** The key that each request's token named, between passport-jwt's two calls. */
const provenBy = new WeakMap<object, string>();

/**
 * Proves the bearer token of a request with passport-jwt and hands its claims to the later steps. The key, and with
 * it the algorithm, is chosen by `kid`; our own clock judges `exp`.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  /** Passport is one for the whole process; under a name of its own, each service in it keeps to its own keys. */
  readonly registeredAs = `jwt-${newId()}`;

  /** What the last good text of a connection was proven to be; it is forgotten with the connection. */
  private readonly before = new WeakMap<Socket, { authorization: Buffer; token: ProvenToken }>();

  constructor(
    private readonly proof: TokenProof,
    private readonly accessTokens: AccessTokenService,
    private readonly limits: RateLimits,
    config: AppConfig,
  ) {
    super({
      jwtFromRequest: ({ headers }: FastifyRequest) => bearerTokenOf(headers),
      passReqToCallback: true,
      ignoreExpiration: true,
      algorithms: ['ES256', 'RS256'],
      issuer: proof.issuers,
      audience: config.audience,
      secretOrKeyProvider: (request: object, text: unknown, done: KeyCallback) => {
        proof.keyOf(String(text)).then(
          (key: VerificationKey) => {
            provenBy.set(request, key.kid);
            // A KeyObject made once: text would be parsed anew on each call.
            done(null, key.publicKey as unknown as Buffer);
          },
          (error: unknown) => done(error),
        );
      },
    });
    passport.use(this.registeredAs, this);
  }

  /** Verifies the bearer of a request whose text was proven before; null for others. No promise where memory suffices. */
  recall(request: FastifyRequest): Actor | Promise<Actor> | null {
    const token = this.recallToken(request);
    return token && this.admit(token, request);
  }

  /** A client that keeps its connection sends the same text again, and to compare it costs less than to digest it. */
  private recallToken(request: FastifyRequest): ProvenToken | null {
    const { headers, raw } = request;
    const authorization = Buffer.from(headers.authorization ?? '', 'latin1');
    const before = this.before.get(raw.socket);
    if (before && isSame(before.authorization, authorization)) return this.proof.recheck(before.token);
    const text = bearerTokenOf(headers);
    const token = text === null ? null : this.proof.recall(text);
    if (token) this.before.set(raw.socket, { authorization, token });
    return token;
  }

  validate(request: FastifyRequest, payload: unknown): Actor | Promise<Actor> {
    const token = this.proof.remember(bearerTokenOf(request.headers) ?? '', provenBy.get(request) ?? '', payload);
    return this.admit(token, request);
  }

  private admit(token: ProvenToken, request: FastifyRequest): Actor | Promise<Actor> {
    return this.accessTokens.verify(token, request.context, (state) => this.limits.admitBearer(request, state));
  }
}

/** In a time that doesn't tell how much of it is the same: behind a proxy, callers share connections. */
const isSame = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);

type KeyCallback = (error: unknown, key?: Buffer) => void;
