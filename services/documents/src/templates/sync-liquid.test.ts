import { Context, Value } from 'liquidjs';
import { expect, test } from 'vitest';
import { liquidOf } from './compile-template.js';
import { globalsOf } from './filters/fill-state.js';
import { textsFor } from './texts.js';

const data = {
  name: 'Diop <Fils>',
  key: 'name',
  none: null,
  price: 12.5,
  currency: 'XOF',
  tags: ['b', 'a', 'c'],
  lines: [
    { unit: 'KGM', net: 3, taxPercent: 18, at: { city: 'Thiès' } },
    { unit: 'HUR', net: 40, taxPercent: 0 },
  ],
};
const texts = textsFor({ fr: { hello: 'Bonjour {name}', 'unit.HUR': 'heure' } }, 'fr');

test.each([
  '{{ data.name }} {{ data.name | escape }} {{ data.name | raw }}',
  '{{ data[data.key] }} {{ data["name"] }} {{ data.lines[1].unit | unit }} {{ data.lines[-1].net }} {{ nothing.at.all }}',
  '{{ data.lines.size }} {{ data.tags.first }} {{ data.tags.last }} {{ data.name.size }} {{ data.lines[0].at.city.size }}',
  '{{ data.tags | sort | join: "-" }} {{ data.lines | where: "unit", "HUR" | map: "net" | first }} {{ data.lines | sum: "net" }}',
  '{{ "hello" | t: name: data.name }} {{ data.price | money: "EUR" }} {{ data.price | amount }} {{ data.none | default: "x" }}',
  '{% assign a = data.price | times: 2 %}{{ a }}{% capture c %}<{{ a }}>{% endcapture %}{{ c }}',
  '{% if data.price > 12 and data.tags contains "a" or data.none %}1{% endif %}{% if data.none == nil %}2{% endif %}{% if not data.none %}3{% endif %}',
  '{% unless data.tags == empty %}4{% endunless %}{% if data.name != blank %}5{% endif %}{% case data.key %}{% when "x", "name" %}6{% endcase %}',
  '{% for line in data.lines reversed %}{{ forloop.index }}/{{ forloop.length }} {{ forloop.first }} {{ line.net }}{% else %}-{% endfor %}',
  '{% for i in (1..data.lines.size) %}{{ i }}{% endfor %}{% for tag in data.tags offset: 1 limit: 1 %}{{ tag }}{% endfor %}',
  '{% render "one", line: data.lines[0] %}{% render "one" for data.lines as line %}{{ constructor }}{{ data.constructor }}{{ data.tags.map }}',
])('a fill in one go writes what LiquidJS writes step by step: %s', async (html) => {
  const begin = (sync: boolean) => {
    const liquid = liquidOf({ one: '[{{ line.unit }} {{ line.at.city | upcase }} {{ forloop.index }}]' });
    const state = { locale: 'fr', timeZone: 'UTC', texts, warn: () => {} };
    const context = new Context({}, liquid.options, { sync, globals: globalsOf(data, state) }, { liquid });
    return { liquid, template: liquid.parse(html), context };
  };
  const [atOnce, slow] = [begin(true), begin(false)];
  const slowly: string = await slow.liquid.render(slow.template, slow.context);
  expect(atOnce.liquid.renderSync(atOnce.template, atOnce.context)).toBe(slowly);
  expect(slowly).not.toBe('');
});

test('a value of a fill in one go is there at once, and no generator', () => {
  const liquid = liquidOf({});
  const evaluated = (sync: boolean) =>
    new Value('name | upcase', liquid).value(new Context(data, liquid.options, { sync }));
  expect(evaluated(true)).toBe('DIOP <FILS>');
  expect(evaluated(false)).toHaveProperty('next');
});
