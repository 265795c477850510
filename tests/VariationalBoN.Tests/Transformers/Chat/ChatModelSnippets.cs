using System.Text.Json.Nodes;
using VariationalBoN.Losses;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.ChatTemplates;
using VariationalBoN.Transformers.Pretrained;

namespace VariationalBoN.Tests.Transformers.Chat;

/// <summary>The code of docs/chat-models.md: messages in JSON Lines to a table,
/// an alignment, a saved directory and a chat with it.</summary>
[Trait("Tier", "torch")]
public sealed class ChatModelSnippets : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chat-model").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama3", ChatModels.Llama3)]
    [InlineData("qwen2", ChatModels.ChatMl)]
    public async Task The_program_of_the_page_aligns_a_chat_model_and_talks_with_it(string name, string template)
    {
        string file = Path.Combine(_folder, "prompts.jsonl"),
            aligned = Path.Combine(_folder, "aligned");
        File.WriteAllLines(
            file,
            [
                """{"messages": [{"role": "user", "content": "Is it good?"}]}""",
                """{"prompt": [{"role": "user", "content": "<|im_end|> Bad?"}]}""",
            ]
        );
        IRewardModel judge = RewardModel.FromFunction(completion => completion.Tokens.Length, "length");

        Prompt talk = await Program(ChatModels.Directory(_folder, name, template), file, aligned, judge, steps: 2);

        Assert.Equal(["user", "assistant", "user"], JsonNode.Parse(talk.Canonical)!.AsArray().Select(message => (string?)message!["role"]));
        Assert.Equal(template, ChatTemplate.Load(aligned).Source);
        Assert.NotEqual(
            File.ReadAllBytes(Path.Combine(ChatModels.Golden(name), "model.safetensors")),
            File.ReadAllBytes(Path.Combine(aligned, "model.safetensors"))
        );
    }

    [Fact]
    public void A_tokenizer_of_conversations_has_options_of_its_own()
    {
        string directory = ChatModels.Directory(_folder, "qwen2", ChatModels.ChatMl);
        // snippet: options
        using var model = PretrainedCausalLm.Load(directory);
        ChatTokenizer chat = model.Chat(
            new ChatTokenizerOptions
            {
                Variables = new JsonObject { ["enable_thinking"] = false },
                Date = new DateTime(2026, 1, 15),
            }
        );
        using PolicyWithReference pair = model.WithReference(
            new GenerationOptions { MaxNewTokens = 64, StopTokens = model.StopTokens },
            tokenizer: chat
        );
        // end snippet
        Assert.Contains("2026-01-15", pair.Policy.Identity.ToJson(), StringComparison.Ordinal);
        Assert.Equal(
            pair.Policy.Identity.ToJson().Contains("enable_thinking", StringComparison.Ordinal),
            pair.Reference.Identity.ToJson().Contains("enable_thinking", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Conversations_of_several_turns_train_on_the_assistants_tokens_alone()
    {
        Prompt[] conversations =
        [
            ChatModels.Conversation(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d e")),
            ChatModels.Conversation(("user", "f"), ("assistant", "g")),
        ];
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "qwen2", ChatModels.ChatMl));
        var policy = new CausalLmPolicy(model.Model, model.Chat(), new GenerationOptions { MaxNewTokens = 64 });

        // snippet: turns
        ChatTokenizer chat = model.Chat();
        ChatTurns[] data = [.. conversations.Select(chat.ReadTurns)]; // ids and mask of each
        using var scope = TorchSharp.torch.NewDisposeScope();
        var loss = MaskedLikelihood.Loss(
            policy.TokenLogProb([.. data.Select(turns => turns.Completion)]),
            [.. data.Select(turns => turns.Mask)]
        );
        // end snippet

        loss.backward();
        Assert.Contains(model.Model.parameters(), parameter => parameter.grad is not null);
    }

    private static async Task<Prompt> Program(string directory, string file, string aligned, IRewardModel judge, int steps)
    {
        // snippet: program
        Prompt[] prompts = Prompts.ReadJsonLines(file); // {"messages": [{"role": "user", "content": "..."}]}, one a line
        using var model = PretrainedCausalLm.Load(directory); // weights, tokenizer and chat template
        Console.WriteLine(model.Chat().Read(prompts[0])); // what the model will read: ids, and which of them are special

        var options = new GenerationOptions { MaxNewTokens = 64, StopTokens = model.StopTokens };
        using (PolicyWithReference pair = model.WithReference(options))
        {
            var scorer = new Scorer(pair.Reference, judge);
            ReferenceTable table = await ReferenceTable.EstimateAsync(scorer, prompts, samplesPerPrompt: 32, seed: 1);
            var objective = new ExactObjective(table.BestOf(n: 4));
            using var adam = new AdamW(pair.Policy.Parameters, learningRate: 1e-3);
            for (int step = 0; step < steps; step++)
            {
                ScoredBatch scored = await scorer.ScoreAsync(pair.Policy.Sample(prompts, completionsPerPrompt: 8, seed: step));
                using var scope = TorchSharp.torch.NewDisposeScope();
                var loss = ScoreFunction.Loss(pair.Policy.LogProb(scored), objective.LogTargets(scored), scored.Groups);
                adam.ZeroGrad();
                loss.backward();
                adam.Step();
            }

            pair.Save(aligned); // with tokenizer and chat template, for this library and Python
        }

        using var better = PretrainedCausalLm.Load(aligned);
        var assistant = new CausalLmPolicy(better.Model, better.Chat(), options);
        Completion answer = assistant.Sample([prompts[0]], completionsPerPrompt: 1, seed: 1)[0];
        JsonArray talk = JsonNode.Parse(prompts[0].Answered(answer.Text).Canonical)!.AsArray();
        talk.Add((JsonNode)new JsonObject { ["role"] = "user", ["content"] = "Are you sure?" });
        Prompt next = Prompt.Conversation(talk.ToJsonString()); // and so on
        // end snippet
        Assert.NotEmpty(assistant.Sample([next], 1, 2)[0].Tokens);
        return next;
    }
}
