import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Metrics } from '../../common/metrics.js';
import { AppConfig } from '../../config/app-config.js';
import { SigningKeys } from './signing-keys.service.js';

/** How the signing keys stand, as this replica knows them. */
@Injectable()
export class KeyMetrics {
  constructor(metrics: Metrics, keys: SigningKeys, clock: Clock, { SIGNING_KEY_MAX_AGE }: AppConfig) {
    metrics.reading('signing_possible', '1 where this replica can open the key that signs', 'min', () =>
      Number(keys.canSign),
    );
    metrics.reading(
      'signing_keys_rejected',
      'Stored keys that this replica does not verify by, because their MAC is missing or wrong',
      'max',
      () => keys.rejectedCount,
    );
    metrics.reading('signing_key_age_seconds', 'Age of the key that signs, since it began to', 'max', () => {
      const active = keys.known().find(({ state }) => state === 'active');
      return active ? (clock.now().getTime() - active.stateSince.getTime()) / 1000 : 0;
    });
    metrics.reading(
      'signing_key_max_age_seconds',
      'SIGNING_KEY_MAX_AGE; 0: keys change by command alone',
      'max',
      () => SIGNING_KEY_MAX_AGE,
    );
  }
}
