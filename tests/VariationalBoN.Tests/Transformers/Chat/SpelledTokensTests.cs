using System.Collections.Immutable;
using System.Text.Json.Nodes;
using VariationalBoN.Tests.Transformers.ChatTemplates;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.ChatTemplates;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Chat;

/// <summary>Special tokens that content spells are text, and those that the template writes are tokens.</summary>
[Trait("Tier", "fast")]
public sealed class SpelledTokensTests
{
    private static readonly HuggingFaceTokenizer s_tokenizer = ChatModels.Tokenizer(ChatModels.FamilyTokens);

    public static TheoryData<string> Families =>
        [
            .. GoldenChat
                .Templates.Where(template =>
                    template.Value.Group == "family"
                    && GoldenChat.Cases.Any(one => (string)one["template"]! == template.Key && one["expected"] is not null)
                )
                .Select(template => template.Key),
        ];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_special_token_in_every_field_of_every_conversation_is_text(string name)
    {
        var template = ChatTemplate.Parse(GoldenChat.Templates[name].Source, name);
        string spelled = string.Concat(ChatModels.FamilyTokens),
            neutral = string.Concat(ChatModels.FamilyTokens.Select(token => "x" + token[1..]));
        int fields = 0,
            caught = 0;
        foreach (JsonObject one in GoldenChat.Cases.Where(one => (string)one["template"]! == name && one["expected"] is not null))
        {
            for (int field = 0; ; field++)
            {
                if (Input(one, field, spelled) is not ChatTemplateInput with || Input(one, field, neutral) is not ChatTemplateInput without)
                    break;
                if (Rendered(template, with) is not RenderedChat chat || Rendered(template, without) is not RenderedChat plain)
                    continue; // a role, or a type of parts, that the template does not take
                fields++;
                Assert.Equal(Special(Encoded(plain)), Special(Encoded(chat)));
                caught += Special(s_tokenizer.Encode(chat.Text, addSpecialTokens: false)).Length > Special(Encoded(chat)).Length ? 1 : 0;
            }
        }

        Assert.True(fields > 5, $"{fields} fields");
        Assert.True(caught > 5, $"{caught} of {fields} fields reach the text");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Without_spelled_tokens_the_ids_are_those_of_the_whole_text(string name)
    {
        var template = ChatTemplate.Parse(GoldenChat.Templates[name].Source, name);
        foreach (JsonObject one in GoldenChat.Cases.Where(one => (string)one["template"]! == name && one["expected"] is not null))
        {
            RenderedChat chat = template.RenderMarked(GoldenChat.Input(one["kwargs"]!.AsObject()));
            string data = string.Concat(chat.DataRanges.Select(range => chat.Text.Substring(range.Start, range.Length)));
            if (!ChatModels.FamilyTokens.Any(token => data.Contains(token, StringComparison.Ordinal)))
                Assert.Equal([.. s_tokenizer.Encode(chat.Text, addSpecialTokens: false)], (int[])[.. Encoded(chat)]);
        }
    }

    [Fact]
    public void A_token_that_only_touches_content_is_text_and_a_shorter_one_before_it_is_not()
    {
        HuggingFaceTokenizer tokenizer = ChatModels.Tokenizer(["<a>", "<a>b"]);
        Assert.True(tokenizer.TryGetId("<a>", out int shorter) & tokenizer.TryGetId("<a>b", out int longer));

        Assert.Equal(longer, Assert.Single(tokenizer.Encode("<a>b", [])));
        Assert.Equal(shorter, tokenizer.Encode("<a>b", [(3, 4)])[0]);
        Assert.Equal([longer], Special(tokenizer.Encode("<a>b<a>b", [(5, 6)]), tokenizer));
        Assert.Empty(Special(tokenizer.Encode("<a>b", [(0, 1)]), tokenizer));
    }

    [Fact]
    public void A_token_that_is_sought_in_normalised_text_is_held_against_the_original_places()
    {
        HuggingFaceTokenizer tokenizer = ChatModels.Tokenizer(
            ["<a>"],
            json =>
                json["normalizer"] = JsonNode.Parse(
                    """
                    {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"String": " "}, "content": "__"}]}
                    """
                ),
            normalized: true
        );
        const string Text = "a  e\u0301 <a> <a> b <a>";
        int[] places = [6, 10, 16];

        Assert.Equal(3, Special(tokenizer.Encode(Text, []), tokenizer).Length);
        for (int spelled = 0; spelled < 8; spelled++)
        {
            (int, int)[] data = [.. places.Where((_, i) => (spelled & (1 << i)) != 0).Select(at => (at, at + 3))];
            Assert.Equal(3 - data.Length, Special(tokenizer.Encode(Text, data), tokenizer).Length);
        }
    }

    [Fact]
    public void A_tokenizer_model_alone_keeps_spelled_tokens_as_text_too()
    {
        var tokenizer = HuggingFaceTokenizer.Load(ChatModels.Golden("llama2"), 10_000);

        Assert.Equal(2, Special(tokenizer.Encode("<s>a<s>", []), tokenizer).Length);
        ImmutableArray<int> ids = tokenizer.Encode("<s>a<s>", [(3, 7)]);
        Assert.Equal((tokenizer.BosId, 1), (ids[0], Special(ids, tokenizer).Length));
        Assert.Equal("a<s>", tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("{{ messages[0].content }}<|im_end|>")]
    [InlineData(ChatModels.ChatMl)]
    public void A_mark_of_turns_that_is_not_special_is_text_where_it_is_spelled(string template)
    {
        HuggingFaceTokenizer tokenizer = ChatModels.Tokenizer(
            [],
            json => Unspecial(json["added_tokens"]!.AsArray()),
            config: json =>
            {
                Unspecial(json["added_tokens_decoder"]!.AsObject().Select(pair => pair.Value));
                json["additional_special_tokens"] = new JsonArray();
                json["eos_token"] = "<|endoftext|>";
            }
        );
        Assert.True(tokenizer.TryGetId("<|im_end|>", out int end));
        Assert.False(tokenizer.IsSpecial(end));
        var chat = new ChatTokenizer(tokenizer, ChatTemplate.Parse(template));

        Assert.Equal(1, chat.Encode(ChatModels.Conversation(("user", "a<|im_end|>b<|im_end|>"))).Count(id => id == end));
    }

    [Fact]
    public void A_word_of_the_vocabulary_that_is_special_is_refused_where_it_is_spelled()
    {
        HuggingFaceTokenizer words = ChatModels.Tokenizer(
            [],
            json =>
            {
                json["model"] = JsonNode.Parse(
                    """{"type": "WordLevel", "vocab": {"[UNK]": 0, "a": 1, "<e>": 2, "!": 3}, "unk_token": "[UNK]"}"""
                );
                json["pre_tokenizer"] = JsonNode.Parse("""{"type": "WhitespaceSplit"}""");
                json["normalizer"] = null;
                json["post_processor"] = null;
                json["decoder"] = null;
                json["added_tokens"] = JsonNode.Parse(
                    """
                    [{"id": 2, "content": "<e>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}]
                    """
                );
            },
            config: json =>
            {
                json.Clear();
                json["tokenizer_class"] = "PreTrainedTokenizerFast";
                json["pad_token"] = "!";
            }
        );

        Assert.Equal([1, 0, 2], (int[])[.. words.Encode("a b <e>", [(0, 3)])]);
        Assert.Equal([1, 3], (int[])[.. words.Encode("a !", [(0, 3)])]); // a character that pads is a character all the same
        var error = Assert.Throws<InvalidOperationException>(() => words.Encode("a b <e>", [(0, 7)]));
        Assert.Contains("\"<e>\"", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ChatTokenizerOptions.ContentSpellsSpecialTokens), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ranges_are_found_by_place()
    {
        var ranges = new TextRanges([(2, 4), (6, 7), (7, 7)]);

        Assert.Equal([false, false, true, true, false, false, true, false], Enumerable.Range(0, 8).Select(at => ranges.Touch(at, at + 1)));
        Assert.True(ranges.Touch(0, 9));
        Assert.False(ranges.Touch(4, 6));
        Assert.Equal([true, false, false, true, false], Enumerable.Range(0, 5).Select(at => ranges.Within(3, 9).Touch(at, at + 1)));
    }

    private static void Unspecial(IEnumerable<JsonNode?> tokens)
    {
        foreach (JsonNode? token in tokens)
            token!["special"] = false;
    }

    private static ImmutableArray<int> Encoded(RenderedChat chat) => s_tokenizer.Encode(chat.Text, ChatTokenizer.SpelledRanges(chat));

    private static int[] Special(ImmutableArray<int> ids, HuggingFaceTokenizer? tokenizer = null) =>
        [.. ids.Where((tokenizer ?? s_tokenizer).IsSpecial)];

    private static RenderedChat? Rendered(ChatTemplate template, ChatTemplateInput input)
    {
        try
        {
            return template.RenderMarked(input);
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }

    /// <summary>A case with a text at the end of its field of that number; null where it has fewer fields.</summary>
    private static ChatTemplateInput? Input(JsonObject one, int field, string more)
    {
        JsonObject variables = one["kwargs"]!.DeepClone().AsObject();
        foreach ((string name, JsonNode? value) in variables.ToArray())
        {
            if (!name.EndsWith("_token", StringComparison.Ordinal) && Extend(value, ref field, more))
                return GoldenChat.Input(variables);
        }

        return null;
    }

    private static bool Extend(JsonNode? node, ref int field, string more)
    {
        foreach (
            JsonNode? child in node switch
            {
                JsonObject mapping => mapping.Select(entry => entry.Value).ToArray(),
                JsonArray list => [.. list],
                _ => [],
            }
        )
        {
            if (Extend(child, ref field, more))
                return true;
        }

        if (node?.GetValueKind() != System.Text.Json.JsonValueKind.String || field-- > 0)
            return false;
        if (node.Parent is JsonObject parent)
            parent[node.GetPropertyName()] = (string)node! + more;
        else if (node.Parent is JsonArray list)
            list[node.GetElementIndex()] = (string)node! + more;
        return true;
    }
}
