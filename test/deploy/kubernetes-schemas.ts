import { Ajv } from 'ajv';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Role } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import { RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { CUSTOM_RESOURCES } from './custom-resources.js';
import type { Manifest } from './manifests.js';

const BUILT_IN = new Map<string, { prototype: { validate(): void } }>(
  [
    ConfigMap,
    Deployment,
    HorizontalPodAutoscaler,
    Ingress,
    Job,
    Namespace,
    NetworkPolicy,
    PodDisruptionBudget,
    Role,
    RoleBinding,
    Secret,
    Service,
    ServiceAccount,
  ].map((model) => [`${model.apiVersion}/${model.kind}`, model]),
);

const ajv = new Ajv({ allErrors: true, strict: false });
const CUSTOM = new Map(Object.entries(CUSTOM_RESOURCES).map(([name, schema]) => [name, ajv.compile(schema)]));

/** What is wrong with a manifest by the schema of its kind, properties that the kind doesn't have included. */
export function problemsOf(manifest: Manifest): string[] {
  const name = `${manifest.apiVersion}/${manifest.kind}`;
  const custom = CUSTOM.get(name);
  if (custom)
    return custom(manifest)
      ? []
      : (custom.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  const model = BUILT_IN.get(name);
  if (!model) return [`no schema for ${name}`];
  const unread = new Set<string>();
  try {
    model.prototype.validate.call(watch(manifest, '', unread));
  } catch (error) {
    return [(error as Error).message];
  }
  return [...unread].map((path) => `${path} is not known`);
}

/** A validator looks at each property that its schema has. What it never looked at is a slip of the pen. */
function watch<T extends object>(value: T, path: string, unread: Set<string>): T {
  const watched = new Map<PropertyKey, object>();
  for (const [key, child] of Object.entries(value)) {
    unread.add(`${path}/${key}`);
    if (typeof child === 'object' && child !== null) watched.set(key, watch(child as object, `${path}/${key}`, unread));
  }
  return new Proxy(value, {
    get(target, key, receiver) {
      unread.delete(`${path}/${String(key)}`);
      return watched.get(key) ?? Reflect.get(target, key, receiver);
    },
  });
}
