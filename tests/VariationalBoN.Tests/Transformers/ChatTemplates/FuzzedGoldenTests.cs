using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>
/// Random expressions, programs (scopes of for, if, macro, call, with, set, filter) and whitespace control, with what jinja2 3.1.6 on
/// Python 3.11 gave for them with the settings of Golden/chat/README.md. The first line of the file holds the variables of each kind.
/// </summary>
[Trait("Tier", "fast")]
public sealed class FuzzedGoldenTests
{
    private static readonly JsonObject[] s_lines = GoldenChat.Lines("fuzzed.jsonl");

    [Theory]
    [InlineData("expr", 498)]
    [InlineData("stmt", 260)]
    [InlineData("wsb", 200)]
    public void Random_templates_give_what_the_original_gives(string kind, int count)
    {
        JsonObject variables = s_lines[0]["variables"]![kind]!.AsObject();
        JsonObject[] templates = [.. s_lines.Skip(1).Where(line => (string)line["kind"]! == kind)];

        Assert.Equal(count, templates.Length);
        Assert.Equal([], templates.Where(line => !IsRight(line, variables)).Select(line => (string)line["template"]!));
    }

    private static bool IsRight(JsonObject line, JsonObject variables)
    {
        try
        {
            return GoldenChat.Render((string)line["template"]!, variables) == (string?)line["expected"];
        }
        catch (ChatTemplateException)
        {
            return line["expected"] is null;
        }
    }
}
