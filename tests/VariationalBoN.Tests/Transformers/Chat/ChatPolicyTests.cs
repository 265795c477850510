using VariationalBoN.Policies;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Chat;

namespace VariationalBoN.Tests.Transformers.Chat;

/// <summary>Conversations through a causal policy, its tables, and a directory that is saved and loaded again.</summary>
[Trait("Tier", "torch")]
public sealed class ChatPolicyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chat-policy").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama3", ChatModels.Llama3, "<|eot_id|>")]
    [InlineData("qwen2", ChatModels.ChatMl, "<|im_end|>")]
    public void A_conversation_is_drawn_for_with_the_template_of_the_directory(string name, string template, string endOfTurn)
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, name, template));
        using var pair = model.WithReference(new GenerationOptions { MaxNewTokens = 6, StopTokens = model.StopTokens });
        Prompt question = ChatModels.Conversation(("user", "Is it good?"));

        Completion answer = pair.Policy.Sample([question], 1, seed: 7)[0];

        Assert.Equal([.. model.Chat().Encode(question)], (int[])[.. answer.PromptTokens]);
        Assert.True(model.Tokenizer.TryGetId(endOfTurn, out int end) && model.StopTokens.Contains(end));
        Assert.Contains(model.ChatTemplate.Digest, pair.Policy.Identity.ToJson(), StringComparison.Ordinal);
        Assert.Contains(model.ChatTemplate.Digest, pair.Reference.Identity.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_of_one_template_is_refused_by_a_policy_of_another()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "qwen2", ChatModels.ChatMl));
        var options = new GenerationOptions { MaxNewTokens = 2 };
        model.Model.Freeze();
        var judge = RewardModel.FromFunction(completion => completion.Tokens[0], "first token");
        Prompt[] prompts = [ChatModels.Conversation(("user", "q"))];
        Scorer With(ChatTokenizerOptions chat) => new(new CausalLmPolicy(model.Model, model.Chat(chat), options), judge);
        ReferenceTable table = await ReferenceTable.EstimateAsync(With(new ChatTokenizerOptions()), prompts, 8, seed: 1);

        ScoredBatch other = await With(new ChatTokenizerOptions { AddGenerationPrompt = false })
            .ScoreAsync(
                new CausalLmPolicy(model.Model, model.Chat(new ChatTokenizerOptions { AddGenerationPrompt = false }), options).Sample(
                    prompts,
                    2,
                    seed: 1
                )
            );

        Assert.ThrowsAny<Exception>(() => new ExactObjective(table.BestOf(2)).LogTargets(other));
    }

    [Theory]
    [InlineData("<|begin_of_text|><|begin_of_text|>{{ messages[0].content }}", 1)]
    [InlineData("<|begin_of_text|>{{ messages[0].content }}", 0)]
    [InlineData("{{ messages[0].content }}", 0)]
    public void A_template_that_writes_BOS_twice_is_warned_of(string template, int count)
    {
        var warnings = new List<string>();
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "llama3", template));
        using var pair = model.WithReference(new GenerationOptions { MaxNewTokens = 2, Logger = HeardLog.Warnings(warnings.Add) });

        _ = pair.Policy.Sample([ChatModels.Conversation(("user", "q"))], 1, 1);

        Assert.Equal(count, warnings.Count(warning => warning.Contains("chat template", StringComparison.Ordinal)));
    }

    [Fact]
    public void Without_a_template_a_conversation_is_refused_with_the_remedy()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Golden("qwen2"));
        using var pair = model.WithReference(new GenerationOptions { MaxNewTokens = 2 });

        Assert.False(model.HasChatTemplate);
        Assert.Contains(
            "chat template",
            Assert.Throws<InvalidOperationException>(() => model.ChatTemplate).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "chat template",
            Assert.Throws<InvalidOperationException>(() => pair.Policy.Sample([ChatModels.Conversation(("user", "q"))], 1, 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_template_that_cannot_be_read_is_a_warning_and_no_hindrance_for_texts()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "qwen2", "{% if %}"));
        using var pair = model.WithReference(new GenerationOptions { MaxNewTokens = 2 });

        Assert.Contains(model.Warnings, warning => warning.Contains("chat_template.jinja", StringComparison.Ordinal));
        Assert.False(model.HasChatTemplate);
        Assert.Single(pair.Policy.Sample(["q"], 1, 1));
    }
}
