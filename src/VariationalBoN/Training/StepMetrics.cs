using System.Runtime.CompilerServices;
using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>
/// The usual metrics of one training step, from the completions that it trains on:
/// what <see cref="MetricsLog"/> writes and <see cref="TrainingGuard"/> watches.
/// </summary>
/// <remarks>One source: the log-ratios behind the KL are those of the loss. Plain data, immutable, thread-safe.</remarks>
public sealed record StepMetrics
{
    /// <summary>Mean reward, with its error over prompts.</summary>
    public required Estimate Reward { get; init; }

    /// <summary>KL(pi_theta || pi_ref) in nats per completion; k1 is what is watched.</summary>
    public required KlEstimates Kl { get; init; }

    /// <summary>Mean log pi_theta - log pi_bon in nats: an estimate of KL(pi_theta || pi_bon).</summary>
    public required Estimate ObjectiveGap { get; init; }

    /// <summary>-sum log pi_theta / sum of tokens: the entropy of a drawn token in nats; 0 where completions carry no tokens.</summary>
    public required double Entropy { get; init; }

    /// <summary>(different texts - 1) / (K - 1) of a prompt with K completions, mean over prompts: 0 when all are the same, 1 when all
    /// differ; null when no prompt has two.</summary>
    /// <remarks>Unlike the distinct share of <see cref="EvaluationReport"/>,
    /// whose least value is 1 / K, it means the same for every K.</remarks>
    public required double? Diversity { get; init; }

    /// <summary>The share of prompts all of whose completions have the same reward, 0 to 1:
    /// among them the reward prefers none; null when no prompt has two.</summary>
    public double? ZeroSpreadShare { get; init; }

    /// <summary>The share of completions with a reward above all reference rewards of their prompt;
    /// null for a distribution without reference rewards.</summary>
    public required double? SaturatedShare { get; init; }

    /// <summary>Mean number of drawn tokens.</summary>
    public required double Length { get; init; }

    /// <summary>The share of completions cut at the maximum length.</summary>
    public required double TruncatedShare { get; init; }

    /// <summary>How many completions were drawn but left out.</summary>
    public required int Excluded { get; init; }

    /// <summary>How many completions with a reward were left out because they were alone in their group
    /// (<see cref="ScoredBatch.WithoutLone"/>).</summary>
    public int LeftOut { get; init; }

    /// <summary>The loss; null when not given.</summary>
    public double? Loss { get; init; }

    /// <summary>The norm of the gradient before clipping,
    /// as <c>torch.nn.utils.clip_grad_norm_</c> returns it; null when not given.</summary>
    public double? GradientNorm { get; init; }

    /// <summary>The learning rate of the step; null when not given.</summary>
    public double? LearningRate { get; init; }

    /// <summary>What the optimizer's last step did to the weights, <see cref="AdamOptimizer.LastUpdate"/>; null when not given.</summary>
    public WeightUpdate? Update { get; init; }

    /// <summary>The numbers of a step. Call it where the loss is made; nothing of the tensor is kept.</summary>
    /// <param name="bestOfN">The Best-of-N distribution of the run.</param>
    /// <param name="scored">B completions of the policy.</param>
    /// <param name="logProb">log pi_theta of each, [B], floating point, on any device, as the loss takes it;
    /// NaN and infinity pass and are what a guard stops for.</param>
    /// <returns>The numbers.</returns>
    /// <exception cref="ArgumentException">The batch is empty, or the lengths differ.</exception>
    /// <exception cref="InvalidOperationException">The batch was scored by another reference,
    /// reward model or way of scoring than the distribution is about.</exception>
    public static StepMetrics Of(IBoNDistribution bestOfN, ScoredBatch scored, torch.Tensor logProb)
    {
        ArgumentNullException.ThrowIfNull(logProb);
        return Of(bestOfN, scored, Values(logProb));
    }

    /// <summary>The numbers of a step whose log-probabilities are plain numbers, such as those of <see cref="AccumulatedLoss"/>.</summary>
    /// <inheritdoc cref="Of(IBoNDistribution, ScoredBatch, torch.Tensor)"/>
    /// <param name="bestOfN">The Best-of-N distribution of the run.</param>
    /// <param name="scored">B completions of the policy.</param>
    /// <param name="logProb">log pi_theta of each, B numbers; NaN and infinity pass and are what a guard stops for.</param>
    [OverloadResolutionPriority(1)] // an array of doubles converts to a tensor too
    public static StepMetrics Of(IBoNDistribution bestOfN, ScoredBatch scored, IReadOnlyList<double> logProb)
    {
        ArgumentNullException.ThrowIfNull(bestOfN);
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentNullException.ThrowIfNull(logProb);
        ScoringIdentity.RequireMatch(bestOfN.Origin, scored);
        double[] logPolicy = [.. logProb];
        if (scored.Count == 0 || logPolicy.Length != scored.Count)
            throw new ArgumentException(
                $"There are {scored.Count} completions and {logPolicy.Length} log-probabilities; give one to each, and at least one.",
                nameof(logProb)
            );
        double[] logRatios = [.. scored.Select((item, i) => logPolicy[i] - item.LogReference)];
        bool numbers = Array.TrueForAll(logRatios, double.IsFinite);
        long tokens = scored.Completions.Sum(completion => (long)completion.Tokens.Length);
        return new StepMetrics
        {
            Reward = PromptMean.Of([.. scored.Select(item => item.Reward)], scored.Groups),
            Kl = numbers
                ? KlEstimates.FromLogRatios(logRatios, scored.Groups)
                : new KlEstimates
                {
                    K1 = NoNumber,
                    K2 = NoNumber,
                    K3 = NoNumber,
                },
            ObjectiveGap = numbers
                ? PromptMean.Of([.. logRatios.Zip(scored, (ratio, item) => ratio - bestOfN.LogRatio(item))], scored.Groups)
                : NoNumber,
            Entropy = tokens == 0 ? 0 : -logPolicy.Sum() / tokens,
            Diversity = ByPrompt(
                scored,
                samples =>
                    (samples.Select(item => item.Completion.Text).Distinct(StringComparer.Ordinal).Count() - 1.0) / (samples.Length - 1)
            ),
            ZeroSpreadShare = ByPrompt(scored, samples => Array.TrueForAll(samples, item => item.Reward == samples[0].Reward) ? 1 : 0),
            SaturatedShare = bestOfN is EmpiricalBoNDistribution empirical
                ? scored.Average(item => empirical.Cdf(item.Completion.Prompt) is { } cdf && item.Reward > cdf.SortedRewards[^1] ? 1.0 : 0)
                : null,
            Length = (double)tokens / scored.Count,
            TruncatedShare = scored.Completions.Average(completion => completion.FinishReason == FinishReason.Length ? 1.0 : 0),
            Excluded = scored.Excluded,
            LeftOut = scored.LeftOut,
        };
    }

    /// <summary>The numbers under the names of <see cref="MetricNames"/>, those that are known.</summary>
    /// <returns>A fresh dictionary.</returns>
    public IReadOnlyDictionary<string, double> Values()
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            [MetricNames.Reward] = Reward.Value,
            [MetricNames.Kl] = Kl.K1.Value,
            [MetricNames.KlStandardError] = Kl.K1.StandardError,
            [MetricNames.ObjectiveGap] = ObjectiveGap.Value,
            [MetricNames.Entropy] = Entropy,
            [MetricNames.Length] = Length,
            [MetricNames.TruncatedShare] = TruncatedShare,
            [MetricNames.Excluded] = Excluded,
            [MetricNames.LeftOut] = LeftOut,
        };
        Add(MetricNames.Diversity, Diversity);
        Add(MetricNames.ZeroSpreadShare, ZeroSpreadShare);
        Add(MetricNames.SaturatedShare, SaturatedShare);
        Add(MetricNames.Loss, Loss);
        Add(MetricNames.GradientNorm, GradientNorm);
        Add(MetricNames.LearningRate, LearningRate);
        Add(MetricNames.UpdateRatio, Update?.Ratio);
        Add(MetricNames.ChangedShare, Update?.ChangedShare);
        return values;

        void Add(string name, double? value)
        {
            if (value is double number)
                values[name] = number;
        }
    }

    private static Estimate NoNumber => new(double.NaN, double.NaN, 0);

    /// <summary>The mean over prompts with two completions or more; null when there is none.</summary>
    private static double? ByPrompt(ScoredBatch scored, Func<ScoredCompletion[], double> value)
    {
        double[] values =
        [
            .. Enumerable
                .Range(0, scored.Count)
                .GroupBy(i => scored.Groups[i], i => scored[i])
                .Where(group => group.Count() > 1)
                .Select(group => value([.. group])),
        ];
        return values.Length == 0 ? null : values.Average();
    }

    private static double[] Values(torch.Tensor logProb)
    {
        if (logProb.dim() != 1 || !logProb.is_floating_point())
            throw new ArgumentException(
                $"logProb is {logProb.dtype} {Shown.Shape(logProb.shape)}; expected floating point [B], one value for each completion.",
                nameof(logProb)
            );
        return logProb.Doubles();
    }
}
