import type { TestApp } from './test-app.js';
import { TokenAuthApi } from './token-auth-api.js';

/** Texts that were good tokens once, each made anew, by what is wrong with them now. */
export class DeadTokens {
  private readonly api: TokenAuthApi;

  constructor(private readonly app: TestApp) {
    this.api = new TokenAuthApi(app);
  }

  expired = async (): Promise<string> => {
    const { token } = await this.app.given.identity({ config: { accessTokenTTL: 60 } });
    this.app.clock.advance(60);
    return token;
  };

  revoked = async (): Promise<string> => {
    const { token, tokenId } = await this.app.given.identity();
    await this.api.revoke(tokenId);
    return token;
  };

  /** Its identity has no Token Auth any more. */
  detached = async (): Promise<string> => {
    const { id, token } = await this.app.given.identity();
    await this.api.detach(id);
    return token;
  };

  /** Its identity's membership is switched off. */
  switchedOff = async (): Promise<string> => {
    const { id, token } = await this.app.given.identity();
    await this.app.db.query('UPDATE membership SET is_active = false WHERE identity_id = $1', [id]);
    return token;
  };

  usedUp = async (): Promise<string> => {
    const { token } = await this.app.given.identity({ config: { accessTokenNumUsesLimit: 1 } });
    await this.api.use(token);
    return token;
  };
}
