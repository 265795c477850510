using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>
/// Golden templates with random parts taken out, put in or exchanged: each ends in text or in <see cref="ChatTemplateException"/>.
/// </summary>
[Trait("Tier", "fast")]
public sealed partial class TemplateFuzzTests
{
    private static readonly ChatTemplateBounds s_small = new()
    {
        MaxSteps = 50_000,
        MaxTextLength = 200_000,
        MaxItems = 20_000,
    };
    private static readonly string[] s_sources =
    [
        .. GoldenChat.Templates.Values.Select(template => template.Source).Where(source => source.Length < 10_000),
    ];
    private static readonly string[] s_parts =
    [
        .. s_sources.Concat(GoldenChat.Expressions.Select(one => (string)one["template"]!)).SelectMany(Split).Distinct(),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_mutated_template_ends_in_text_or_in_its_own_error(int seed)
    {
        var random = new Random(seed); // xunit's data, not the library's: any stream serves
        JsonObject[] cases = [.. GoldenChat.Cases.Where(one => GoldenChat.Templates[(string)one["template"]!].Group != "bounds")];
        int texts = 0,
            errors = 0;
        for (int i = 0; i < 600; i++)
        {
            JsonObject one = cases[random.Next(cases.Length)];
            string template = Mutate(GoldenChat.Templates[(string)one["template"]!].Source, random);
            try
            {
                ChatTemplate.Parse(template, bounds: s_small).RenderMarked(GoldenChat.Input(one["kwargs"]!.AsObject()));
                texts++;
            }
            catch (ChatTemplateException error)
            {
                Assert.InRange(error.Line, 1, template.Count(unit => unit is '\n' or '\r') + 1);
                errors++;
            }
        }

        Assert.True(texts > 50 && errors > 50, $"{texts} texts and {errors} errors");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void A_mutated_expression_ends_in_text_or_in_its_own_error(int seed)
    {
        var random = new Random(seed);
        int texts = 0,
            errors = 0;
        for (int i = 0; i < 2000; i++)
        {
            JsonObject one = GoldenChat.Expressions[random.Next(GoldenChat.Expressions.Count)];
            try
            {
                GoldenChat.Render(Mutate((string)one["template"]!, random), one["variables"]!.AsObject(), s_small);
                texts++;
            }
            catch (ChatTemplateException)
            {
                errors++;
            }
        }

        Assert.True(texts > 50 && errors > 50, $"{texts} texts and {errors} errors");
    }

    [Fact]
    public void Marks_cover_the_text_exactly_and_never_change_it()
    {
        foreach (JsonObject one in GoldenChat.Cases.Where(one => one["expected"] is not null))
        {
            RenderedChat chat = ChatTemplate
                .Parse(GoldenChat.Templates[(string)one["template"]!].Source)
                .RenderMarked(GoldenChat.Input(one["kwargs"]!.AsObject()));

            Assert.Equal((string)one["expected"]!, chat.Text);
            int end = -1;
            foreach (CharacterRange range in chat.DataRanges)
            {
                Assert.True(
                    range.Start > end && range.Length > 0 && range.End <= chat.Text.Length,
                    $"{range} after {end} in {chat.Text.Length}"
                );
                end = range.End;
            }
        }
    }

    private static string Mutate(string source, Random random)
    {
        List<string> parts = Split(source);
        for (int i = random.Next(1, 4); i > 0 && parts.Count > 0; i--)
        {
            int at = random.Next(parts.Count),
                other = random.Next(parts.Count);
            switch (random.Next(4))
            {
                case 0:
                    parts.RemoveAt(at);
                    break;
                case 1:
                    parts[at] = s_parts[random.Next(s_parts.Length)];
                    break;
                case 2:
                    parts.Insert(at, s_parts[random.Next(s_parts.Length)]);
                    break;
                default:
                    (parts[at], parts[other]) = (parts[other], parts[at]);
                    break;
            }
        }
        return string.Concat(parts);
    }

    private static List<string> Split(string source) => [.. Part().Matches(source).Select(match => match.Value)];

    [GeneratedRegex(@"\w+|\{\{-?|\{%-?|-?%\}|-?\}\}|\s+|'[^']*'|.", RegexOptions.Singleline)]
    private static partial Regex Part();
}
