/** Checks form fields against a schema of an OpenAPI description, as far as such descriptions go for forms. */
import type { FormFields } from '../../src/platform/payments/form-fields.ts';

export interface FormSchema {
  type?: string;
  enum?: readonly (string | number)[];
  maxLength?: number;
  required?: readonly string[];
  properties?: Record<string, FormSchema>;
  additionalProperties?: FormSchema | boolean;
  items?: FormSchema;
  anyOf?: readonly FormSchema[];
}

/** Every way in which the value does not fit, by the name of the field; empty when it fits. */
export function misfits(schema: FormSchema, value: FormFields | string, name = ''): string[] {
  if (schema.anyOf) {
    const tries = schema.anyOf.map((option) => misfits(option, value, name));
    return tries.find((found) => found.length === 0) ?? tries[0] ?? [];
  }
  if (schema.type === 'object' || schema.type === 'array') {
    if (typeof value === 'string') return [`${name}: is not nested`];
    return schema.type === 'array'
      ? Object.entries(value).flatMap(([index, item]) =>
          schema.items ? misfits(schema.items, item, `${name}[${index}]`) : [],
        )
      : objectMisfits(schema, value, name);
  }
  if (typeof value !== 'string') return [`${name}: is nested`];
  if (schema.enum && !schema.enum.map(String).includes(value))
    return [`${name}: ${value} is not one of its values`];
  if (schema.type === 'integer' && !/^-?\d+$/.test(value)) return [`${name}: ${value} is not an integer`];
  if (schema.type === 'boolean' && value !== 'true' && value !== 'false')
    return [`${name}: ${value} is not a boolean`];
  if (schema.maxLength !== undefined && value.length > schema.maxLength) return [`${name}: is too long`];
  return [];
}

function objectMisfits(schema: FormSchema, value: FormFields, name: string): string[] {
  const { properties = {}, additionalProperties = false } = schema;
  const missing = (schema.required ?? []).filter((field) => !(field in value));
  return [
    ...missing.map((field) => `${name}.${field}: is missing`),
    ...Object.entries(value).flatMap(([field, inner]) => {
      const known = properties[field];
      if (known) return misfits(known, inner, `${name}.${field}`);
      if (typeof additionalProperties === 'object')
        return misfits(additionalProperties, inner, `${name}.${field}`);
      return additionalProperties ? [] : [`${name}.${field}: is unknown`];
    }),
  ];
}
