using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;
using static VariationalBoN.Tests.Transformers.ChatTemplates.MessageInputs;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>Hostile templates: each ends with an error that names the bound.</summary>
[Trait("Tier", "fast")]
public sealed class BoundsTests
{
    private const string Double =
        "{% set ns = namespace(x=X) %}{% for i in range(99) %}{% set ns.x = STEP %}{% endfor %}{{ ns.x | length }}";

    public static TheoryData<string, string> Hostile =>
        new()
        {
            { nameof(ChatTemplateBounds.MaxSteps), "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}" },
            {
                nameof(ChatTemplateBounds.MaxSteps),
                "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(99) }}"
            },
            {
                nameof(ChatTemplateBounds.MaxSteps),
                "{% set t = namespace(x=1, y=1) %}{% for i in range(60) %}{% set t.x = [t.x, t.x] %}{% set t.y = [t.y, t.y] %}{% endfor %}"
                    + "{{ t.x == t.y }}"
            },
            {
                nameof(ChatTemplateBounds.MaxSteps),
                "{% set t = namespace(x=(1,)) %}{% for i in range(60) %}{% set t.x = (t.x, t.x) %}{% endfor %}{{ {t.x: 1} }}"
            },
            { nameof(ChatTemplateBounds.MaxSteps), "{% set s = 'ab' * 400000 %}{% for i in range(9999) %}{% set q = s ~ i %}{% endfor %}" },
            { nameof(ChatTemplateBounds.MaxSteps), "{% set s = '😀' * 99999 %}{% for i in range(99999) %}{% set q = s[-1] %}{% endfor %}" },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("'a' * 900000", "s is lower") },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("'A' * 900000", "s is upper") },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("'a' * 900000", "s.islower()") },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("'a' * 900000", "s.startswith(t)") },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("'a' * 900000", "s.endswith(('b', t))") },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("'a' * 900000", "s | e") },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("{'a' * 900000: 1}", "s == t") },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("{'a' * 900000: 1}", "('%(' ~ t.keys() | first ~ ')s') % s") },
            { nameof(ChatTemplateBounds.MaxSteps), Repeated("('9' * 4000) | int", "s is divisibleby(t)") },
            { nameof(ChatTemplateBounds.MaxTextLength), "{{ 'a' * 10**12 }}" },
            { nameof(ChatTemplateBounds.MaxTextLength), "{{ 'ab' | indent(10**9) }}" },
            { nameof(ChatTemplateBounds.MaxTextLength), "{{ 'a' | center(10**9) }}{{ 'a'.rjust(10**9) }}" },
            { nameof(ChatTemplateBounds.MaxTextLength), "{{ '%999999999d' % 1 }}" },
            { nameof(ChatTemplateBounds.MaxTextLength), "{{ '%.999999999f' % 1 }}" },
            { nameof(ChatTemplateBounds.MaxTextLength), "{{ ('\\t' * 9999).expandtabs(99999) }}" },
            { nameof(ChatTemplateBounds.MaxTextLength), "{{ [1] | tojson(indent=10**9) }}" },
            { nameof(ChatTemplateBounds.MaxTextLength), Doubled("'ab'", "ns.x + ns.x") },
            { nameof(ChatTemplateBounds.MaxTextLength), Doubled("'ab'", "ns.x ~ ns.x") },
            { nameof(ChatTemplateBounds.MaxTextLength), Doubled("'a'", "ns.x | replace('a', 'aa')") },
            { nameof(ChatTemplateBounds.MaxTextLength), Doubled("'a'", "ns.x.join([ns.x, ns.x, ns.x])") },
            { nameof(ChatTemplateBounds.MaxTextLength), Doubled("'<'", "ns.x | escape | string | replace('', '<')") },
            { nameof(ChatTemplateBounds.MaxItems), "{{ [0] * 10**11 }}" },
            { nameof(ChatTemplateBounds.MaxItems), "{{ [1] | batch(10**8, 0) | list }}" },
            { nameof(ChatTemplateBounds.MaxItems), Doubled("[1]", "ns.x + ns.x") },
            { nameof(ChatTemplateBounds.MaxItems), "{{ ('a,' * 100001).split(',') | length }}" },
            { nameof(ChatTemplateBounds.MaxRange), "{{ range(100001) }}" },
            { nameof(ChatTemplateBounds.MaxRange), "{{ range(-5, 10**30, 3) }}" },
            { nameof(ChatTemplateBounds.MaxPowerDigits), "{{ 10 ** (10 ** 10) }}" },
            { nameof(ChatTemplateBounds.MaxPowerDigits), "{{ 2 ** (10**30) }}" },
            {
                nameof(ChatTemplateBounds.MaxDigits),
                "{% set ns = namespace(x=10**99) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}"
            },
            { nameof(ChatTemplateBounds.MaxDigits), "{{ ('9' * 4301) | int }}" },
            { nameof(ChatTemplateBounds.MaxCallDepth), "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}" },
            { nameof(ChatTemplateBounds.MaxCallDepth), "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}" },
            {
                nameof(ChatTemplateBounds.MaxNesting),
                "{% set ns = namespace(x=[]) %}{% for i in range(999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}"
            },
            {
                nameof(ChatTemplateBounds.MaxNesting),
                "{% set ns = namespace(x={}) %}{% for i in range(999) %}{% set ns.x = {1: ns.x} %}{% endfor %}{{ ns.x | tojson }}"
            },
            {
                nameof(ChatTemplateBounds.MaxNesting),
                "{% set ns = namespace(x=[], y=[]) %}{% for i in range(999) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}"
                    + "{{ ns.x == ns.y }}"
            },
            {
                nameof(ChatTemplateBounds.MaxNesting),
                "{% set ns = namespace(x=[], y=[]) %}{% for i in range(999) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}"
                    + "{{ ns.x < ns.y }}"
            },
            {
                nameof(ChatTemplateBounds.MaxNesting),
                "{% set ns = namespace(x=()) %}{% for i in range(999) %}{% set ns.x = (ns.x,) %}{% endfor %}{{ {}.get(ns.x) }}"
            },
            { nameof(ChatTemplateBounds.MaxNesting), "{% set ns = namespace(x=1) %}{% set ns.x = ns %}{{ ns }}" },
        };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_hostile_template_ends_with_an_error_that_names_the_bound(string bound, string template)
    {
        var parsed = ChatTemplate.Parse(
            template,
            bounds: new ChatTemplateBounds
            {
                MaxSteps = 2_000_000,
                MaxTextLength = 1_000_000,
                MaxItems = 100_000,
            }
        );
        var error = Assert.Throws<ChatTemplateException>(() => parsed.Render(Of()));

        Assert.Contains($"{nameof(ChatTemplateBounds)}.{bound} =", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(ChatTemplateBounds.MaxRange), "{{ range(3) | list }}", "{{ range(4) }}")]
    [InlineData(nameof(ChatTemplateBounds.MaxDigits), "{{ 999 + 0 }}", "{{ 999 + 1 }}")]
    [InlineData(nameof(ChatTemplateBounds.MaxPowerDigits), "{{ 3 ** 2 }}", "{{ 3 ** 5 }}")]
    public void A_bound_of_ones_own_ends_what_is_beyond_it_and_nothing_else(string bound, string within, string beyond)
    {
        var bounds = new ChatTemplateBounds
        {
            MaxRange = 3,
            MaxDigits = 3,
            MaxPowerDigits = 2,
        };

        Assert.NotEqual("", ChatTemplate.Parse(within, bounds: bounds).Render(Of()));
        ChatTemplate parsed = ChatTemplate.Parse(beyond, bounds: bounds);
        Assert.Equal(bounds, parsed.Bounds);
        var error = Assert.Throws<ChatTemplateException>(() => parsed.Render(Of()));
        Assert.Contains($"{nameof(ChatTemplateBounds)}.{bound} = ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_output_and_the_source_are_bounded()
    {
        var bounds = new ChatTemplateBounds { MaxTextLength = 20, MaxSourceLength = 20 };

        Assert.Equal("0123456789", ChatTemplate.Parse("{{ '01234' }}56789", bounds: bounds).Render(Of()));
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{{ 'x' * 21 }}", bounds: bounds).Render(Of()));
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(new string('x', 21), bounds: bounds));
    }

    [Fact]
    public void A_source_of_many_names_and_branches_is_refused()
    {
        string names = string.Concat(Enumerable.Range(0, 4000).Select(i => $"{{% set a{i} = 1 %}}"));
        string source = names + Repeat("{% if 1 %}{% set z = 1 %}{% endif %}", 4000);

        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source));
        Assert.Contains("branches", error.Message, StringComparison.Ordinal);
        Assert.Equal("1", ChatTemplate.Parse(names + "{% if 1 %}{{ a7 }}{% endif %}").Render(Of()));
    }

    [Fact]
    public void An_input_that_is_nested_too_deeply_or_has_too_long_a_number_is_refused()
    {
        JsonNode deep = new JsonArray();
        for (int i = 0; i < 300; i++)
            deep = new JsonArray(deep);
        var number = JsonNode.Parse(new string('9', 5000));

        Assert.Throws<ArgumentException>(() => Render("x", Of() with { Variables = new JsonObject { ["x"] = deep } }));
        Assert.Throws<ArgumentException>(() => Render("x", Of() with { Variables = new JsonObject { ["x"] = number } }));
    }

    [Fact]
    public void All_bounds_out_of_range_are_named_in_one_message()
    {
        var bounds = new ChatTemplateBounds { MaxSteps = 0, MaxNesting = 5000 };
        var error = Assert.Throws<ArgumentException>(() => ChatTemplate.Parse("", bounds: bounds));

        Assert.Contains("MaxSteps is 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxNesting is 5000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_a_block_makes_its_own_are_work()
    {
        string names = string.Concat(Enumerable.Range(0, 4000).Select(i => $"{{% set a{i} = 1 %}}"));
        string source = $"{{% for x in range(99999) %}}{{% if 0 %}}{names}{{% endif %}}{{% endfor %}}";

        var template = ChatTemplate.Parse(source, bounds: new ChatTemplateBounds { MaxSteps = 500_000 });
        var error = Assert.Throws<ChatTemplateException>(() => template.Render(Of()));

        Assert.Contains(nameof(ChatTemplateBounds.MaxSteps), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Markup_keeps_the_length_that_was_counted()
    {
        var text = new StringValue("😀x");

        Assert.Equal(2, text.Length);
        Assert.Equal((2, true, "😀x"), (text.WithMarkup(true).Length, text.WithMarkup(true).IsMarkup, text.WithMarkup(true).Text));
    }

    private static string Repeated(string value, string step) =>
        $"{{% set s = {value} %}}{{% set t = {value} %}}{{% for i in range(99999) %}}{{% set q = {step} %}}{{% endfor %}}";

    private static string Doubled(string start, string step) =>
        Double.Replace("X", start, StringComparison.Ordinal).Replace("STEP", step, StringComparison.Ordinal);

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
