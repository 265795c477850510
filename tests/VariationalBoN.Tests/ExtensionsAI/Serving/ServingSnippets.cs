using System.Text;
using Microsoft.Extensions.AI;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Transformers.Chat;
using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.ExtensionsAI.Serving;

/// <summary>The code of docs/serving.md.</summary>
[Trait("Tier", "torch")]
public sealed class ServingSnippets : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("serving").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_program_of_the_page_answers_in_pieces_whole_and_as_the_best_of_several()
    {
        var written = new StringBuilder();

        (ChatResponse answer, ChatResponse best) = await Program(
            ChatModels.Directory(_folder, "qwen2", ChatModels.ChatMl),
            RewardModel.FromFunction(completion => -completion.Text.Length, "brevity"),
            new StringWriter(written)
        );

        Assert.Equal(answer.Text, written.ToString()); // one seed, one answer
        Assert.Equal((ChatRole.Assistant, 8), (best.Messages[0].Role, best.AdditionalProperties!["n"]));
        Assert.True(best.Text.Length <= answer.Text.Length); // the answer is the first of the eight
    }

    [Fact]
    public void A_prompt_is_checked_without_drawing()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, "qwen2", ChatModels.ChatMl));
        var policy = new CausalLmPolicy(model.Model, model.PromptTokenizer, new GenerationOptions { MaxNewTokens = 16 });

        Assert.StartsWith("ok: ", Checked(policy, "Is it good?"), StringComparison.Ordinal);
        Assert.Contains("new tokens in a context of", Checked(policy, new string('x', 5000)), StringComparison.Ordinal);
    }

    private static string Checked(CausalLmPolicy policy, string text)
    {
        // snippet: check
        if (!policy.TryEncode(text, out EncodedPrompt? encoded, out string? reason))
            return reason; // such as "The prompt "..." has 900 tokens; with 64 new tokens in a context of 512 it may have at most 448. ..."
        return $"ok: {encoded.Tokens.Length} tokens, and room for {encoded.ContextLeft} more";
        // end snippet
    }

    private static async Task<(ChatResponse Answer, ChatResponse Best)> Program(string directory, IRewardModel judge, TextWriter output)
    {
        // snippet: program
        using var model = PretrainedCausalLm.Load(directory); // the aligned model, as pair.Save wrote it
        model.Model.Freeze();
        var policy = new CausalLmPolicy(
            model.Model,
            model.PromptTokenizer,
            new GenerationOptions { MaxNewTokens = 64, StopTokens = model.StopTokens }
        );

        await using var service = new CompletionService(policy); // one decode, for as many clients as come
        using IChatClient client = new PolicyChatClient(service); // one sample of the policy is the answer
        var options = new ChatOptions { Seed = 1 };

        await foreach (ChatResponseUpdate piece in client.GetStreamingResponseAsync("Is the film good?", options))
            output.Write(piece.Text);

        ChatResponse answer = await client.GetResponseAsync("Is the film good?", options);
        Console.WriteLine($"{answer.FinishReason}, {answer.Usage!.OutputTokenCount} tokens, seed {answer.AdditionalProperties!["seed"]}");

        using IChatClient bestOf8 = new BestOfNChatClient(service, judge, n: 8); // literal Best-of-N, for comparison: eight draws an answer
        ChatResponse best = await bestOf8.GetResponseAsync("Is the film good?", options);
        // end snippet
        return (answer, best);
    }
}
