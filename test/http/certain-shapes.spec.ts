import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { IsEmail, validate } from 'class-validator';
import fc from 'fast-check';
import { BodyTokenDto } from '../../src/access-token/access-token.dto.js';
import { IntrospectTokenDto, RevokeTokenDto } from '../../src/access-token/oauth2/introspection.dto.js';
import { surelyGood } from '../../src/common/validation/certain.js';
import { BooleanField, TextField } from '../../src/common/validation/fields.js';
import { SlugField } from '../../src/common/validation/slug-field.js';
import { CreateTokenDto, UpdateTokenDto } from '../../src/token-auth/token.dto.js';

const SHAPES: Record<string, Type<object>> = {
  IntrospectTokenDto,
  RevokeTokenDto,
  BodyTokenDto,
  CreateTokenDto,
  UpdateTokenDto,
};

/** Every key that one of them declares, and some that none does. */
const KEYS = ['token', 'accessToken', 'name', 'client_address', 'token_type_hint', 'consume', 'organizationSlug', 'id'];

const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.integer({ min: 250, max: 260 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 127, max: 129 }).map((length) => '💥'.repeat(length)),
  fc.integer({ min: 59_999, max: 60_001 }).map((length) => 'x'.repeat(length)),
  fc.ipV4(),
  fc.ipV6(),
  fc.boolean(),
  fc.constantFrom(' A-slug ', 'a-slug', '\0', '\ud800', 'true', '::1%lo', '1.2.3.4/8', '1'),
  fc.jsonValue({ maxDepth: 1 }),
);
const body = fc.record(Object.fromEntries(KEYS.map((key) => [key, value])), { requiredKeys: [] });
const good = fc.record({ token: fc.string(), accessToken: fc.string(), name: fc.string({ maxLength: 200 }) });

describe('a shape', () => {
  it.each(Object.entries(SHAPES))('that is surely good is what the rules make of it: %s', async (_name, type) => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(body, good), async (source) => {
        const instance = surelyGood(type, source);
        if (!instance) return;
        seen += 1;
        const ruled = plainToInstance(type, source);
        expect(await validate(ruled, { whitelist: true, forbidUnknownValues: false })).toEqual([]);
        expect(instance).toEqual(ruled);
        expect(instance).toBeInstanceOf(type);
      }),
      { numRuns: 500 },
    );
    expect(seen).toBeGreaterThan(50);
  });

  it('is not surely good by its own word where other rules judge it too', () => {
    class Below {
      @TextField({ maxLength: 9 })
      @IsEmail()
      text?: string;
    }
    class Above {
      @IsEmail()
      @TextField({ maxLength: 9 })
      text?: string;
    }
    class Beside {
      @TextField({ maxLength: 9 })
      text?: string;

      @IsEmail()
      other: string;
    }
    class Later extends Beside {
      @BooleanField()
      more?: boolean;
    }
    for (const type of [Below, Above, Beside, Later]) expect(surelyGood(type, { text: 'x', other: 'x' })).toBeNull();
  });

  it('is not surely good where a value is changed on the way', () => {
    class Sluggish {
      @SlugField({ description: 'a slug' })
      slug?: string;
    }
    expect(surelyGood(Sluggish, { slug: 'a' })).toBeNull();
    expect(surelyGood(Sluggish, {})).toEqual({});
  });
});
