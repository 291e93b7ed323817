import { CreateTables1795500000000 } from './1795500000000-create-tables.js';
import { FollowRevocations1796100000000 } from './1796100000000-follow-revocations.js';
import { RotateSigningKeys1796200000000 } from './1796200000000-rotate-signing-keys.js';
import { IndexDeleted1796300000000 } from './1796300000000-index-deleted.js';
import { AddSchemaFloor1796600000000 } from './1796600000000-add-schema-floor.js';
import { LeaveRoom1796700000000 } from './1796700000000-leave-room.js';
import { FindEpochsByKey1796800000000 } from './1796800000000-find-epochs-by-key.js';
import { UncoupleUsage1796900000000 } from './1796900000000-uncouple-usage.js';
import { IndexTokensByIdentity1797100000000 } from './1797100000000-index-tokens-by-identity.js';
import { AddRevocationTokenOrganizations1797100000001 } from './1797100000001-add-revocation-token-organizations.js';
import { BindSigningKeys1797200000000 } from './1797200000000-bind-signing-keys.js';
import { ProtectRevocations1797210000000 } from './1797210000000-protect-revocations.js';
import { ProtectDeletions1797220000000 } from './1797220000000-protect-deletions.js';
import { IndexAdministrators1797400000000 } from './1797400000000-index-administrators.js';
import { IdentifyInstallation1797500000000 } from './1797500000000-identify-installation.js';

/** All migrations, oldest first. One that has been released is never edited. */
export const migrations = [
  CreateTables1795500000000,
  FollowRevocations1796100000000,
  RotateSigningKeys1796200000000,
  IndexDeleted1796300000000,
  AddSchemaFloor1796600000000,
  LeaveRoom1796700000000,
  FindEpochsByKey1796800000000,
  UncoupleUsage1796900000000,
  IndexTokensByIdentity1797100000000,
  AddRevocationTokenOrganizations1797100000001,
  BindSigningKeys1797200000000,
  ProtectRevocations1797210000000,
  ProtectDeletions1797220000000,
  IndexAdministrators1797400000000,
  IdentifyInstallation1797500000000,
];
