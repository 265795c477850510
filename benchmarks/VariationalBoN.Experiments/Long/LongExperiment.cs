using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Evaluation;
using VariationalBoN.Experiments.Grid;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Experiments.Long;

/// <summary>Guided decoding on answers of 200 tokens with rewards that are no sum over tokens: where it still comes near Best-of-N, with
/// which head, and where it does not. Stateless.</summary>
internal static class LongExperiment
{
    private const int Tokens = 200,
        Layers = 2,
        Samples = 128,
        Answers = 24,
        N = 8;

    private static readonly (string Name, Func<LongReward, ValueHeadOptions, ValueHeadOptions> Change)[] s_heads =
    [
        ("sums, rate 0.01", (_, options) => options with { LearningRate = 0.01 }),
        ("sums", (_, options) => options),
        ("half of them forget", (_, options) => Forgetting(options)),
        ("two stages, half forget", (_, options) => Forgetting(options) with { Stages = 2 }),
        (
            "half of them forget, every layer",
            (_, options) => Forgetting(options) with { ReferenceLayers = [.. Enumerable.Range(0, Layers)] }
        ),
        ("sums, reward of the prefix", (reward, options) => options with { PrefixReward = reward }),
    ];

    private static ValueHeadOptions Forgetting(ValueHeadOptions options) => options with { Sums = 8, Forgetting = 8 };

    /// <summary>Runs all rewards and heads and writes a row for each as it comes.</summary>
    /// <param name="rewards">Their rewards, of <see cref="LongReward.All"/>.</param>
    /// <param name="seeds">The seeds.</param>
    /// <param name="output">Where the table goes.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    public static async Task RunAsync(
        IReadOnlyList<LongReward> rewards,
        IReadOnlyList<long> seeds,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        await output.WriteLineAsync(
            $"Answers of {Tokens} tokens, {Samples} samples a prompt, N = {N}; mean and standard error (of one: none) over {seeds.Count} "
                + "seeds.\n\n"
                + "| reward | head | win rate | KL | distance | KL to Best-of-N | seconds |\n| --- | --- | ---: | ---: | ---: | ---: | "
                + "---: |"
        );
        foreach (LongReward reward in rewards)
        {
            var rows = s_heads.ToDictionary(head => head.Name, _ => new List<Row>());
            foreach (long seed in seeds)
                await MeasureAsync(reward, seed, (head, row) => rows[head].Add(row), cancellationToken);
            foreach ((string head, List<Row> measured) in rows)
            {
                await output.WriteLineAsync(
                    $"| {reward.Name} | {head} | {Mean(row => row.Report.WinRate.Value, "0.000")} | "
                        + $"{Mean(row => row.Report.Kl.Value, "0.00")} | {Mean(row => row.Report.CurveDistance.Value, "0.000")} | "
                        + $"{Mean(row => row.Report.ObjectiveGap!.Value.Value, "0.00")} | {Mean(row => row.Seconds, "0")} |"
                );

                string Mean(Func<Row, double> of, string format) => SeedMean.Of(measured.Select(of)).Text(format);
            }

            await output.FlushAsync(cancellationToken);
        }
    }

    private static async Task MeasureAsync(LongReward reward, long seed, Action<string, Row> add, CancellationToken cancellationToken)
    {
        var shape = new Gpt2Config
        {
            VocabularySize = LongReward.Vocabulary,
            MaxLength = Tokens + 2,
            Width = 16,
            Layers = Layers,
            Heads = 2,
        };
        using var model = (Gpt2)shape.Create(seed);
        model.Freeze();
        var reference = new CausalLmPolicy(model, new Numbers(), new GenerationOptions { MaxNewTokens = Tokens, RowsPerBatch = 144 });
        var scorer = new Scorer(reference, RewardModel.FromFunction(completion => reward.Of(completion.Tokens), reward.Name));
        Prompt[] train = [.. Enumerable.Range(0, LongReward.Vocabulary).Select(i => (Prompt)$"{i} {(i + 1) % LongReward.Vocabulary}")],
            heldOut = [.. Enumerable.Range(0, 6).Select(i => (Prompt)$"{i} {(i + 5) % LongReward.Vocabulary}")];
        using var table = await ReferenceTable.EstimateAsync(scorer, [.. train, .. heldOut], Samples, seed, cancellationToken);
        var plain = new ValueHeadOptions
        {
            Width = 32,
            Sums = 16,
            Forgetting = 0,
            AnswersPerStep = 8,
            Lambda = 0.98,
            LearningRate = 0.002, // a sum over 200 tokens moves 200 times as far as each of its terms
            Seed = seed,
        };
        foreach ((string name, var change) in s_heads)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            using var head = ValueHead.Train(reference, table, train, change(reward, plain), cancellationToken: cancellationToken);
            double seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
            var report = await new Evaluator(scorer, table).EvaluateAsync(
                new GuidedPolicy(reference, head, RankWeight.BestOf(N)),
                heldOut,
                Answers,
                seed,
                table.BestOf(N),
                cancellationToken
            );
            add(name, new Row(report, seconds));
        }
    }

    /// <summary>What a head reached, and the processor seconds of learning it.</summary>
    private sealed record Row(EvaluationReport Report, double Seconds);

    /// <summary>Text is token ids, a space apart.</summary>
    private sealed class Numbers : ITokenizer
    {
        public ModelIdentity Identity => "numbers";

        public int VocabularySize => LongReward.Vocabulary;

        public ImmutableArray<int> Encode(string text) =>
            [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => int.Parse(word, CultureInfo.InvariantCulture))];

        public string Decode(IReadOnlyList<int> tokens) => string.Join(' ', tokens);
    }
}
