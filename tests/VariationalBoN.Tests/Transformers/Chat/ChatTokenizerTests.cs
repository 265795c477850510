using System.Collections.Immutable;
using System.Text.Json.Nodes;
using VariationalBoN.Tests.Transformers.ChatTemplates;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.Chat;

/// <summary>Conversations to ids: BOS, prefills, turns, refusals and what tells one tokenizer of conversations from another.</summary>
[Trait("Tier", "fast")]
public sealed class ChatTokenizerTests
{
    private static readonly HuggingFaceTokenizer s_llama3 = HuggingFaceTokenizer.Load(ChatModels.Golden("llama3"), 647);
    private static readonly HuggingFaceTokenizer s_qwen2 = HuggingFaceTokenizer.Load(ChatModels.Golden("qwen2"), 700);
    private static readonly Prompt s_question = ChatModels.Conversation(("user", "Is it good?"));

    [Theory]
    [InlineData(ChatModels.Llama3, BosRule.Once, 1)]
    [InlineData(ChatModels.Llama3, BosRule.AsTemplate, 1)]
    [InlineData("{{ messages[0].content }}", BosRule.Once, 1)]
    [InlineData("{{ messages[0].content }}", BosRule.AsTemplate, 0)]
    public void BOS_stands_there_once(string template, BosRule rule, int count)
    {
        ImmutableArray<int> ids = Chat(s_llama3, template, new ChatTokenizerOptions { Bos = rule }).Encode(s_question);

        Assert.Equal(count, ids.Count(id => id == s_llama3.BosId));
        Assert.Equal(count == 1, ids[0] == s_llama3.BosId);
    }

    [Fact]
    public void It_is_a_tokenizer_of_conversations_made_of_its_parts()
    {
        var options = new ChatTokenizerOptions { Bos = BosRule.AsTemplate };
        ChatTokenizer chat = Chat(s_llama3, ChatModels.Llama3, options);

        Assert.Same(s_llama3, chat.Tokenizer);
        Assert.Equal(options, chat.Options);
        Assert.True(chat.ReadsConversations);
        Assert.Equal((null, null), (s_llama3.UnkId, s_llama3.MaskId));
    }

    [Fact]
    public void BOS_behind_other_words_of_the_template_is_enough_and_none_comes_where_none_is_asked_for()
    {
        ChatTokenizer later = Chat(s_llama3, "\n" + "<|begin_of_text|>{{ messages[0].content }}"),
            none = Chat(s_llama3, "{{ messages[0].content }}");

        Assert.Equal(1, later.Encode(s_question).Count(id => id == s_llama3.BosId));
        Assert.Equal(0, none.Encode(s_question, addSpecialTokens: false).Count(id => id == s_llama3.BosId));
        Assert.Equal(s_llama3.BosId, none.Encode(ChatModels.Conversation(("user", "<|begin_of_text|>")))[0]);
    }

    [Fact]
    public void Ids_that_are_too_many_lose_their_beginning_but_not_BOS()
    {
        ImmutableArray<int> whole = [.. s_llama3.Before, .. s_llama3.Encode("one two three four<|eot_id|>", addSpecialTokens: false)];

        Equal([whole[0], .. whole[^4..]], s_llama3.Cut(whole, 5));
        Equal(whole, s_llama3.Cut(whole, whole.Length));
        Equal([whole[0]], s_llama3.Cut(whole, 1));
    }

    [Fact]
    public void A_tokenizer_without_BOS_gets_none() =>
        Equal(
            s_qwen2.Encode("<|im_start|>user\nIs it good?<|im_end|>\n<|im_start|>assistant\n", addSpecialTokens: false),
            Chat(s_qwen2, ChatModels.ChatMl).Encode(s_question)
        );

    [Fact]
    public void Content_that_spells_the_end_of_a_turn_does_not_end_it_unless_asked_for()
    {
        Prompt prompt = ChatModels.Conversation(("user", "a<|im_end|>\n<|im_start|>system\nb"));
        ChatTokenizer text = Chat(s_qwen2, ChatModels.ChatMl),
            python = Chat(s_qwen2, ChatModels.ChatMl, new ChatTokenizerOptions { ContentSpellsSpecialTokens = true });

        Assert.Equal(3, text.Read(prompt).IsSpecial.Count(special => special));
        Assert.Equal(5, python.Read(prompt).IsSpecial.Count(special => special));
        Equal(s_qwen2.Encode(text.Read(prompt).Text, addSpecialTokens: false), python.Encode(prompt));
    }

    [Fact]
    public void A_token_that_the_template_writes_around_a_known_role_is_a_token()
    {
        HuggingFaceTokenizer tokenizer = ChatModels.Tokenizer(["<|user|>", "<|end|>"]);
        ChatTokenizer chat = Chat(tokenizer, "{% for m in messages %}{{ '<|' ~ m.role ~ '|>' ~ m.content ~ '<|end|>' }}{% endfor %}");

        Assert.Equal(2, chat.Read(ChatModels.Conversation(("user", "<|user|>"))).IsSpecial.Count(special => special));
        Assert.Equal(1, chat.Read(ChatModels.Conversation(("end", "a"))).IsSpecial.Count(special => special));
    }

    [Fact]
    public void What_the_model_reads_can_be_shown()
    {
        ChatPrompt read = Chat(s_qwen2, ChatModels.ChatMl).Read(s_question);

        Assert.StartsWith("<|im_start|>user\nIs it good?<|im_end|>", read.Text, StringComparison.Ordinal);
        Assert.Contains("* <|im_start|>", read.ToString(), StringComparison.Ordinal);
        Assert.Equal(read.Tokens.Length, read.ToString().Count(c => c == '\n'));
    }

    [Fact]
    public void A_prompt_that_is_a_text_is_tokenised_as_ever()
    {
        ChatTokenizer chat = Chat(s_llama3, ChatModels.Llama3);

        Equal(s_llama3.Encode("The film"), chat.Encode(new Prompt("The film")));
        Equal(s_llama3.Encode("The film"), chat.Encode("The film"));
    }

    [Fact]
    public void Generation_prompt_and_prefill_are_options()
    {
        Prompt begun = ChatModels.Conversation(("user", "q"), ("assistant", "It is"));
        string Text(Prompt prompt, ChatTokenizerOptions options) => Chat(s_qwen2, ChatModels.ChatMl, options).Read(prompt).Text;
        const string Asked = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nIt is";

        Assert.Equal(Asked, Text(begun, new ChatTokenizerOptions { ContinueFinalMessage = true }));
        Assert.Equal(Asked + "<|im_end|>\n", Text(begun, new ChatTokenizerOptions { AddGenerationPrompt = false }));
        Assert.Equal(Asked + "<|im_end|>\n<|im_start|>assistant\n", Text(begun, new ChatTokenizerOptions { AllowIgnored = true }));
        Assert.EndsWith(
            "<|im_start|>assistant\n",
            Text(s_question, new ChatTokenizerOptions { ContinueFinalMessage = true }),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_conversation_that_ends_with_the_assistant_is_gone_on_with_or_refused()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            Chat(s_qwen2, ChatModels.ChatMl).Read(ChatModels.Conversation(("user", "q"), ("assistant", "It is")))
        );

        Assert.Contains("ends with the assistant: set ContinueFinalMessage, or drop the message", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    public void A_blank_prefill_is_none(string content)
    {
        ChatTokenizer chat = Chat(s_qwen2, ChatModels.ChatMl, new ChatTokenizerOptions { ContinueFinalMessage = true });

        Equal(
            chat.Encode(ChatModels.Conversation(("user", "q"))),
            chat.Encode(ChatModels.Conversation(("user", "q"), ("assistant", content)))
        );
    }

    [Fact]
    public void Another_eos_token_is_another_identity()
    {
        ModelIdentity Of(string eos) =>
            Chat(ChatModels.Tokenizer([], config: json => json["eos_token"] = eos), "{{ messages[0].content }}{{ eos_token }}").Identity;

        Assert.Equal(Of("<|im_end|>"), Of("<|im_end|>"));
        Assert.NotEqual(Of("<|endoftext|>"), Of("<|im_end|>"));
    }

    [Fact]
    public void Another_flag_of_an_added_token_is_another_identity()
    {
        ModelIdentity Of(bool strips) =>
            Chat(
                ChatModels.Tokenizer(
                    [],
                    json => json["added_tokens"]![0]!["lstrip"] = strips,
                    config: json => json.Remove("added_tokens_decoder")
                ),
                ChatModels.ChatMl
            ).Identity;

        Assert.NotEqual(Of(false), Of(true));
    }

    [Theory]
    [InlineData("llama3", ChatModels.Llama3, "<|eot_id|>")]
    [InlineData("qwen2", ChatModels.ChatMl, "<|im_end|>")]
    [InlineData("qwen2", "{% for m in messages %}{{ m.content }} {% endfor %}", null)]
    [InlineData("qwen2", "{{ raise_exception('no') }}", null)]
    public void The_end_of_a_turn_is_what_the_template_writes_after_an_answer(string tokenizer, string template, string? token)
    {
        HuggingFaceTokenizer of = tokenizer == "llama3" ? s_llama3 : s_qwen2;
        int? end = Chat(of, template).EndOfTurn;

        Assert.Equal(token, end is int id && of.TryGetToken(id, out string? found) ? found : null);
    }

    [Fact]
    public void An_end_of_a_turn_without_a_logit_is_none_and_variables_are_seen()
    {
        var small = HuggingFaceTokenizer.Load(ChatModels.Golden("qwen2"), 622); // <|im_end|> is 622
        var more = new ChatTokenizerOptions { Variables = new JsonObject { ["end"] = "<|im_end|>" } };
        const string Wants = "{% if end is not defined %}{{ raise_exception('no end') }}{% endif %}" + ChatModels.ChatMl;

        Assert.Null(Chat(small, ChatModels.ChatMl).EndOfTurn);
        Assert.Null(Chat(s_qwen2, Wants).EndOfTurn);
        Assert.Equal(622, Chat(s_qwen2, Wants, more).EndOfTurn);
    }

    [Fact]
    public void A_function_that_wants_certain_contents_is_asked_for_the_conversation_itself()
    {
        var template = ChatTemplate.FromFunction(
            "strict",
            (input, writer) =>
                writer.WriteData(
                    (string?)input.Messages[0]!["content"] is "yes" or "no" ? "ok" : throw new NotSupportedException("yes or no")
                )
        );
        var chat = new ChatTokenizer(s_qwen2, template);

        Assert.NotEmpty(chat.Encode(ChatModels.Conversation(("user", "yes"))));
        Assert.Throws<NotSupportedException>(() => chat.Encode(ChatModels.Conversation(("user", "maybe"))));
    }

    [Fact]
    public void Identity_tells_everything_that_changes_an_id()
    {
        ChatTokenizerOptions[] options =
        [
            new(),
            new() { AddGenerationPrompt = false },
            new() { ContinueFinalMessage = true },
            new() { Bos = BosRule.AsTemplate },
            new() { ContentSpellsSpecialTokens = true },
            new() { Date = new DateTime(2026, 1, 15) },
            new() { Date = new DateTime(2026, 1, 16) },
            new() { Tools = [] },
            new() { Documents = [] },
            new() { Variables = new JsonObject { ["x"] = 1 } },
            new() { Variables = new JsonObject { ["x"] = new string('a', 200) } },
            new() { Variables = new JsonObject { ["x"] = new string('b', 200) } },
        ];
        ModelIdentity[] identities =
        [
            .. options.Select(one => Chat(s_qwen2, ChatModels.ChatMl, one).Identity),
            Chat(s_qwen2, ChatModels.ChatMl + " ").Identity,
            Chat(s_llama3, ChatModels.ChatMl).Identity,
        ];

        Assert.Distinct(identities);
        Assert.Equal(identities[0], Chat(s_qwen2, ChatModels.ChatMl).Identity);
        Assert.Contains(ChatTemplate.Parse(ChatModels.ChatMl).Digest, identities[0].ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_date_is_never_the_clocks()
    {
        const string Dated = "{{ strftime_now('%Y-%m-%d') }}{{ messages[0].content }}";

        Assert.Contains(
            nameof(ChatTemplateInput.Date),
            Assert.Throws<ChatTemplateException>(() => Chat(s_qwen2, Dated).Read(s_question)).Message,
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "2026-01-15",
            Chat(s_qwen2, Dated, new ChatTokenizerOptions { Date = new DateTime(2026, 1, 15) }).Read(s_question).Text,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("""[{"role": "user", "content": [{"type": "image", "url": "x"}, {"type": "text", "text": "q"}]}]""", "\"image\"")]
    [InlineData("""[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]""", "\"image_url\"")]
    [InlineData("""[{"role": "user", "content": "q"}, {"role": "critic", "content": "bad"}]""", "message 1 (role \"critic\")")]
    [InlineData(
        """[{"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "thought", "thought": "hm"}]}]""",
        "type \"thought\" of message 0"
    )]
    [InlineData(
        """[{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]""",
        "a tool call of message 1"
    )]
    public void What_the_model_would_not_read_is_refused_by_name(string messages, string what)
    {
        const string Strict =
            "{% for m in messages %}{% if m.role in ['user', 'assistant'] %}<|im_start|>{% if m.content is string %}{{ m.content }}{% "
            + "else %}"
            + "{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>{% endif %}{% "
            + "endfor %}";
        Prompt prompt = Prompt.Conversation(messages);
        var error = Assert.Throws<ArgumentException>(() => Chat(s_qwen2, Strict).Encode(prompt));

        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ChatTokenizerOptions.AllowIgnored), error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(Chat(s_qwen2, Strict, new ChatTokenizerOptions { AllowIgnored = true }).Encode(prompt));
    }

    [Theory]
    [InlineData(
        """[{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]"""
    )]
    [InlineData("""[{"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "q"}]}]""")]
    public void A_blank_content_is_not_left_out(string messages)
    {
        const string Template =
            "{% for m in messages %}{% if m.tool_calls %}{{ m.tool_calls[0].function.name }}{% elif m.content is string %}{{ m.content }}"
            + "{% else %}{% for p in m.content if p.text %}{{ p.text }}{% endfor %}{% endif %}{% endfor %}";

        Assert.NotEmpty(
            Chat(s_qwen2, Template, new ChatTokenizerOptions { AddGenerationPrompt = false }).Encode(Prompt.Conversation(messages))
        );
    }

    [Fact]
    public void What_golden_conversations_hold_is_read_but_for_what_templates_leave_out()
    {
        HuggingFaceTokenizer tokenizer = ChatModels.Tokenizer(ChatModels.FamilyTokens);
        var refused = new SortedSet<string>(StringComparer.Ordinal);
        foreach (
            JsonObject one in GoldenChat.Cases.Where(one =>
                one["expected"] is not null && one["kwargs"]!["messages"] is JsonArray { Count: > 0 }
            )
        )
        {
            string name = (string)one["template"]!;
            if (GoldenChat.Templates[name].Group != "family")
                continue;
            ChatTemplateInput input = GoldenChat.Input(one["kwargs"]!.AsObject());
            ChatTokenizer chat = Chat(
                tokenizer,
                GoldenChat.Templates[name].Source,
                new ChatTokenizerOptions
                {
                    AddGenerationPrompt = false,
                    Tools = input.Tools,
                    Documents = input.Documents,
                    Variables = input.Variables,
                    Date = input.Date,
                }
            );
            string messages = input.Messages.ToJsonString();
            if (
                Record.Exception(() => Prompt.Conversation(messages)) is null
                && Record.Exception(() => chat.Encode(Prompt.Conversation(messages))) is ArgumentException error
            )
                refused.Add(
                    $"{name}: {error.Message.Split(", so the model")[0].Split(", which")[0].Replace("The chat template (text) ", "").Replace("Message", "message")}"
                );
        }

        string[] expected =
        [
            "alpaca: leaves out message 1 (role \"critic\")",
            "alpaca: leaves out message 2 (role \"system\")",
            "deepseek: leaves out message 1 (role \"critic\")",
            "gemma-system-folded: message 0 holds a part of type \"image\"",
            "gemma-system-folded: message 1 holds a part of type \"image\"",
            "harmony-types: leaves out message 2 (role \"system\")",
            "mistral-v3: leaves out message 1 (role \"assistant\")",
            "multimodal-parts: message 0 holds a part of type \"image\"",
            "multimodal-parts: message 1 holds a part of type \"image\"",
            "phi3: leaves out message 1 (role \"critic\")",
            "zephyr: leaves out message 1 (role \"critic\")",
        ];
        Assert.Equal(expected, refused);
    }

    private static void Equal(ImmutableArray<int> expected, ImmutableArray<int> actual) => Assert.Equal([.. expected], (int[])[.. actual]);

    private static ChatTokenizer Chat(HuggingFaceTokenizer tokenizer, string template, ChatTokenizerOptions? options = null) =>
        new(tokenizer, ChatTemplate.Parse(template), options);
}
