using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.Guidance;

/// <summary>A small frozen transformer, a judge of its tokens, a table, and a head that has learned from it.</summary>
internal static class GuidedExample
{
    internal const int Samples = 64;
    internal static readonly Prompt[] Train = [.. Enumerable.Range(0, 25).Select(i => (Prompt)$"{i / 5} {i % 5}")],
        HeldOut = ["2 4 1", "0"];

    private static readonly Lazy<Task<(CausalLmPolicy Reference, ReferenceTable Table)>> s_made = new(async () =>
    {
        var reference = Policy(TinyModels.Gpt2().Freeze());
        return (reference, await ReferenceTable.EstimateAsync(Scorer(reference), [.. Train, .. HeldOut], Samples, seed: 1));
    });

    /// <summary>The words of an answer count, the second of a pair twice: no mere sum over tokens, but nearly.</summary>
    internal static IRewardModel Judge { get; } = RewardModel.FromFunction(Reward, "tokens and pairs");

    internal static Task<(CausalLmPolicy Reference, ReferenceTable Table)> Made => s_made.Value;

    internal static CausalLmPolicy Policy(Gpt2 model, GenerationOptions? options = null) =>
        new(model, new NumberTokenizer(TinyModels.Vocabulary), options ?? new GenerationOptions { MaxNewTokens = 4, StopTokens = [5] });

    internal static double Reward(Completion completion)
    {
        double sum = 0;
        for (int t = 0; t < completion.Tokens.Length; t++)
            sum += Math.Sin(3 * completion.Tokens[t]) + (t > 0 && completion.Tokens[t] > completion.Tokens[t - 1] ? 1.1 : 0);
        return Math.Round(sum, 6); // the same sum in another order is the same reward
    }

    internal static Scorer Scorer(CausalLmPolicy reference) => new(reference, Judge);

    internal static ValueHeadOptions Options(int epochs = 20, double rate = 1e-2) =>
        new()
        {
            Width = 24,
            Sums = 6,
            Forgetting = 0,
            Epochs = epochs,
            AnswersPerStep = 128,
            LearningRate = rate,
            Seed = 2,
        };

    internal static async Task<ValueHead> HeadAsync(ValueHeadOptions? options = null)
    {
        (var reference, var table) = await Made;
        return ValueHead.Train(reference, table, Train, options ?? Options());
    }
}
