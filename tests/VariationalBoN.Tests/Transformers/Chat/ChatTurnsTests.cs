using System.Text.Json.Nodes;
using TorchSharp;
using VariationalBoN.Losses;
using VariationalBoN.Tests.Transformers.ChatTemplates;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.ChatTemplates;
using VariationalBoN.Transformers.Classifiers;

namespace VariationalBoN.Tests.Transformers.Chat;

[Trait("Tier", "torch")]
public sealed class ChatTurnsTests : IDisposable
{
    private const string Marked =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% "
        + "endgeneration %}\n"
        + "{% else %}{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    /// <summary>Earlier answers lose a word, as earlier thinking does in some families.</summary>
    private const string Forgets =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content if loop.last else m.content | replace('well, ', '') "
        + "}}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    private static readonly Prompt s_talk = ChatModels.Conversation(
        ("system", "Be brief."),
        ("user", "Is it good?"),
        ("assistant", "well, yes"),
        ("user", "<|im_end|> Why?"),
        ("assistant", "It is <|im_end|> short."),
        ("user", "Thanks")
    );

    private static readonly HuggingFaceTokenizer s_families = ChatModels.Tokenizer(
        ChatModels.FamilyTokens,
        config: settings => (settings["bos_token"], settings["eos_token"]) = ("<s>", "</s>")
    );

    private readonly string _folder = Directory.CreateTempSubdirectory("chat-turns").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("qwen2", ChatModels.ChatMl, "<|im_end|>")]
    [InlineData("qwen2", Marked, "<|im_end|>")]
    [InlineData("llama3", ChatModels.Llama3, "<|eot_id|>")]
    public void What_the_assistant_wrote_is_its_words_and_the_end_of_its_turn(string name, string template, string end)
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, name, template));
        ChatTurns turns = model.Chat().ReadTurns(s_talk);

        Assert.True(model.HasTokenizer);
        Assert.All(
            ["Be brief.", "well, yes", "It is <|im_end|> short.", "Thanks"],
            said => Assert.Contains(said, turns.Text, StringComparison.Ordinal)
        );
        Assert.Equal(model.Chat().Read(s_talk).Tokens[..turns.Tokens.Length], turns.Tokens.AsEnumerable());
        var runs = new List<List<int>>();
        for (int i = 0; i < turns.Tokens.Length; i++)
        {
            if (turns.IsAssistant[i] && (i == 0 || !turns.IsAssistant[i - 1]))
                runs.Add([]);
            if (turns.IsAssistant[i])
                runs[^1].Add(turns.Tokens[i]);
        }

        Assert.Equal(
            [$"well, yes{end}", $"It is <|im_end|> short.{end}"],
            runs.Select(run => model.Tokenizer.Decode(run, skipSpecial: false))
        );
        Assert.Equal(
            turns.Tokens.AsEnumerable(),
            [.. turns.Completion.PromptTokens, .. turns.Completion.Tokens, .. turns.Tokens[(turns.IsAssistant.LastIndexOf(true) + 1)..]]
        );
        Assert.Equal(turns.IsAssistant.Count(value => value), turns.Mask.Count(value => value));
        Assert.True(turns.Mask[0] && turns.Mask[^1]);
    }

    /// <summary>Templates of families that write an earlier answer differently once others follow.</summary>
    private static readonly string[] s_forgetful = ["harmony-types", "qwen3-thinking"];

    [Theory]
    [MemberData(nameof(SpelledTokensTests.Families), MemberType = typeof(SpelledTokensTests))]
    public void Each_turn_of_every_family_is_the_answer_and_nothing_of_the_question(string family)
    {
        var chat = new ChatTokenizer(
            s_families,
            ChatTemplate.Parse(GoldenChat.Templates[family].Source, family),
            new ChatTokenizerOptions { Date = GoldenChat.Date }
        );
        Prompt talk = ChatModels.Conversation(
            ("user", "alpha question"),
            ("assistant", "beta answer"),
            ("user", "gamma question"),
            ("assistant", "delta answer")
        );

        if (family == "deepseek") // its generation prompt begins a thought that no answer of these conversations has
        {
            Assert.Contains(
                "generation prompt included",
                Assert.Throws<ArgumentException>(() => chat.ReadTurns(talk)).Message,
                StringComparison.Ordinal
            );
            return;
        }

        string[] each = [.. chat.ReadEachTurn(talk).Select(Said)];
        Assert.Equal(2, each.Length);
        Assert.All(
            each.Zip(["beta answer", "delta answer"]),
            pair =>
            {
                Assert.Contains(pair.Second, pair.First, StringComparison.Ordinal);
                Assert.DoesNotContain("question", pair.First, StringComparison.Ordinal);
            }
        );
        if (s_forgetful.Contains(family))
            Assert.Contains(
                nameof(ChatTokenizer.ReadEachTurn),
                Assert.Throws<ArgumentException>(() => chat.ReadTurns(talk)).Message,
                StringComparison.Ordinal
            );
        else
            Assert.Equal(string.Concat(each), Said(chat.ReadTurns(talk)));

        static string Said(ChatTurns turns) =>
            s_families.Decode([.. turns.Tokens.Where((_, i) => turns.IsAssistant[i])], skipSpecial: false);
    }

    [Fact]
    public void One_pass_with_a_mask_has_the_likelihood_of_the_turns_one_by_one()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "qwen2", ChatModels.ChatMl));
        var policy = new CausalLmPolicy(model.Model, model.Chat(), new GenerationOptions { MaxNewTokens = 64 });
        ChatTurns whole = model.Chat().ReadTurns(s_talk);
        IReadOnlyList<ChatTurns> each = model.Chat().ReadEachTurn(s_talk);
        using var scope = torch.NewDisposeScope();

        double loss = MaskedLikelihood.Loss(policy.TokenLogProb([whole.Completion]), [whole.Mask]).ToDouble();

        Assert.Equal(2, each.Count);
        Assert.All(each, turn => Assert.DoesNotContain(false, turn.Mask));
        Assert.Equal(["well, yes", "It is <|im_end|> short."], each.Select(turn => turn.Completion.Text));
        Assert.Equal(-policy.LogProb([.. each.Select(turn => turn.Completion)]).sum().ToDouble(), loss, 1e-4 * loss);
    }

    [Fact]
    public void A_template_that_writes_earlier_turns_differently_is_refused_and_each_turn_by_itself_is_read()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "qwen2", Forgets));

        string message = Assert.Throws<ArgumentException>(() => model.Chat().ReadTurns(s_talk)).Message;
        Assert.Contains("message 2", message, StringComparison.Ordinal);
        Assert.Contains(nameof(ChatTokenizer.ReadEachTurn), message, StringComparison.Ordinal);
        Assert.Equal(["well, yes", "It is <|im_end|> short."], model.Chat().ReadEachTurn(s_talk).Select(turn => turn.Completion.Text));
    }

    [Fact]
    public void Texts_conversations_without_an_answer_and_joined_tokens_are_refused()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "qwen2", ChatModels.ChatMl));

        Assert.Contains(
            "is a text",
            Assert.Throws<ArgumentException>(() => model.Chat().ReadTurns("hello")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no message of the assistant",
            Assert.Throws<ArgumentException>(() => model.Chat().ReadTurns(ChatModels.Conversation(("user", "q")))).Message,
            StringComparison.Ordinal
        );
        var joins = new ChatTokenizer(model.Tokenizer, ChatTemplate.Parse("{% for m in messages %}{{ m.content }}{% endfor %}", "joins"));
        string message = Assert
            .Throws<ArgumentException>(() =>
                joins.ReadTurns(ChatModels.Conversation(("user", "the mov"), ("assistant", "ie"), ("user", "s are")))
            )
            .Message;
        Assert.Contains("joins", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Floats_of_variables_stay_floats_and_roles_of_other_templates_may_be_written_as_tokens()
    {
        HuggingFaceTokenizer tokenizer = ChatModels.Tokenizer(["<|observation|>"]);
        var floats = new ChatTokenizer(
            tokenizer,
            ChatTemplate.Parse("{{ temperature }} {{ list }} {{ messages[0].content }}", "t"),
            new ChatTokenizerOptions
            {
                Variables = new JsonObject { ["temperature"] = 1.0, ["list"] = new JsonArray(2.0f, 3, 1e30) },
            }
        );
        var roles = new ChatTokenizer(
            tokenizer,
            ChatTemplate.Parse("{% for m in messages %}{{ '<|' ~ m.role ~ '|>' }}{{ m.content }}{% endfor %}", "t"),
            new ChatTokenizerOptions { AddGenerationPrompt = false }
        );

        Assert.StartsWith("1.0 [2.0, 3, 1e+30] ", floats.Read(ChatModels.Conversation(("user", "q"))).Text, StringComparison.Ordinal);
        Assert.NotEqual(
            floats.Identity,
            new ChatTokenizer(
                tokenizer,
                floats.Template,
                new ChatTokenizerOptions
                {
                    Variables = new JsonObject { ["temperature"] = 1, ["list"] = new JsonArray(2, 3, 1e30) },
                }
            ).Identity
        );
        Assert.True(tokenizer.TryGetId("<|observation|>", out int observation));
        Assert.Contains(observation, roles.Encode(ChatModels.Conversation(("observation", "it rains"))).AsEnumerable());
    }

    [Fact]
    public async Task A_classifier_keeps_the_answer_of_a_long_conversation_and_reads_texts_without_a_readable_template()
    {
        string directory = ChatModels.Directory(
                _folder,
                "bert-classifier",
                "{% for m in messages %}{{ m.role }} {{ m.content }} {% endfor %}"
            ),
            broken = Path.Combine(_folder, "broken");
        Directory.CreateDirectory(broken);
        using (var judge = PretrainedClassifier.Load(directory))
        {
            Prompt question = ChatModels.Conversation(("user", string.Concat(Enumerable.Repeat("very long question ", 20))));
            Completion[] answers = [new() { Prompt = question, Text = "yes" }, new() { Prompt = question, Text = "no no" }];
            int whole = judge.Chat().Encode(question.Answered("yes")).Length;
            var scores = await judge
                .TextReward(new ClassifierRewardOptions { MaxLength = 12, LabelIndex = 0 })
                .ScoreAsync(answers, CancellationToken.None);

            Assert.True(whole > 12);
            Assert.NotEqual(scores[0], scores[1]);
        }

        foreach (string file in Directory.GetFiles(directory))
            File.Copy(file, Path.Combine(broken, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(broken, "chat_template.jinja"), "{% if %}");
        using (var judge = PretrainedClassifier.Load(broken))
        {
            var reward = judge.TextReward(new ClassifierRewardOptions { LabelIndex = 0 });
            Assert.True(
                double.IsFinite((await reward.ScoreAsync([new Completion { Prompt = "q", Text = "yes" }], CancellationToken.None))[0])
            );
            Prompt talk = ChatModels.Conversation(("user", "q"));
            Assert.Contains(
                "chat_template.jinja",
                (
                    await Assert.ThrowsAsync<InvalidOperationException>(() =>
                        reward.ScoreAsync([new Completion { Prompt = talk, Text = "yes" }], CancellationToken.None)
                    )
                ).Message,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task A_judge_sees_special_tokens_where_that_is_asked_for()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "qwen2", ChatModels.ChatMl));
        var seen = new List<string>();
        IRewardModel judge = RewardModel.FromFunction(
            completion =>
            {
                seen.Add(completion.Text);
                return completion.Text.Length;
            },
            "length"
        );
        ChatTurns turn = model.Chat().ReadEachTurn(s_talk)[0];

        await judge.WithSpecialTokens(model.Tokenizer).ScoreAsync([turn.Completion], CancellationToken.None);

        Assert.Equal("well, yes", turn.Completion.Text);
        Assert.Equal(["well, yes<|im_end|>"], seen);
        Assert.NotEqual(judge.Identity, judge.WithSpecialTokens(model.Tokenizer).Identity);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            judge.WithSpecialTokens(model.Tokenizer).ScoreAsync([new Completion { Prompt = "q", Text = "a" }], CancellationToken.None)
        );
    }
}
