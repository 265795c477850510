using System.Collections.Immutable;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Evaluation;

/// <summary>Collects the numbers of completions, batch by batch. Not thread-safe.</summary>
internal sealed class EvaluationSums(IBoNDistribution? bestOfN)
{
    private static readonly CounterRandom s_leftOut = new(new DrawSeed(0, DrawPurpose.Resampling), "ranks, left out", 0);
    private readonly List<int> _prompts = [];
    private readonly List<double> _reward = [],
        _win = [],
        _logRatio = [],
        _stepwise = [],
        _gap = [],
        _length = [],
        _truncated = [],
        _distinct = [],
        _ranks = [];
    private readonly List<double[]> _referenceRanks = [];
    private readonly SortedDictionary<string, (List<double> Values, List<int> Prompts)> _components = new(StringComparer.Ordinal);
    private readonly LengthComparisons _lengths = new();
    private int _promptCount;
    private int _excluded;

    public void Add(ScoredBatch scored, ReferenceTable table, double[] logPolicy, double[]? stepwiseKl)
    {
        _excluded += scored.Excluded;
        foreach (var group in Enumerable.Range(0, scored.Count).GroupBy(i => scored.Groups[i]))
        {
            var texts = new HashSet<string>(StringComparer.Ordinal);
            EmpiricalRewardCdf cdf = table[scored[group.First()].Completion.Prompt].Cdf;
            _referenceRanks.Add(RanksOfReference(cdf));
            _lengths.Add(table[scored[group.First()].Completion.Prompt], group.Select(i => scored[i]));
            int count = 0;
            foreach (int i in group)
            {
                ScoredCompletion item = scored[i];
                AddComponents(scored, i);
                double logRatio = logPolicy[i] - item.LogReference;
                _prompts.Add(_promptCount);
                _reward.Add(item.Reward);
                _win.Add(cdf.MidRank(item.Reward));
                _ranks.Add(Rank(LeavingOneOut(cdf.Ranks(item.Reward), s_leftOut.Uniform(_ranks.Count))));
                _logRatio.Add(logRatio);
                if (stepwiseKl is not null)
                    _stepwise.Add(stepwiseKl[i]);
                _length.Add(item.Completion.Tokens.Length);
                _truncated.Add(item.Completion.FinishReason == FinishReason.Length ? 1 : 0);
                if (bestOfN is not null)
                    _gap.Add((stepwiseKl?[i] ?? logRatio) - bestOfN.LogRatio(item));
                texts.Add(item.Completion.Text);
                count++;
            }

            _distinct.Add((double)texts.Count / count);
            _promptCount++;
        }
    }

    public EvaluationReport ToReport()
    {
        if (_reward.Count == 0)
            throw new InvalidOperationException(
                $"All {_excluded} completions were excluded, so there is nothing to report on. See why the reward model fails, or whether "
                    + $"all are truncated."
            );
        Estimate Mean(List<double> values) => PromptMean.Of(values, _prompts);
        Estimate win = Mean(_win);
        List<double> divergences = _stepwise.Count > 0 ? _stepwise : _logRatio;
        return new EvaluationReport
        {
            Reward = Mean(_reward),
            RewardComponents = _components.ToImmutableSortedDictionary(
                part => part.Key,
                part => PromptMean.Of(part.Value.Values, part.Value.Prompts),
                StringComparer.Ordinal
            ),
            WinRate = win,
            LengthControlled = _lengths.WinRate(),
            EffectiveN = EffectiveN(win),
            KlEstimates = KlEstimates.FromLogRatios(_logRatio, _prompts, _stepwise.Count > 0 ? _stepwise : null),
            CurveDistance = Distance(divergences, WinRateCurve.BestOfN, WinRateCurve.BestOfNSlope),
            CeilingDistance = Distance(divergences, WinRateCurve.Ceiling, WinRateCurve.CeilingSlope),
            Ranks = RankDivergence.Of(_ranks, divergences, _prompts, _referenceRanks),
            ObjectiveGap = bestOfN is null ? null : Mean(_gap),
            Length = Mean(_length),
            DistinctShare = Estimate.FromObservations(_distinct),
            TruncatedShare = Mean(_truncated),
            Completions = _reward.Count,
            Excluded = _excluded,
        };
    }

    /// <summary>curve(KL) - win, its error by the delta method:
    /// the slope of the curve there times the deviation of KL, less that of the win rate.</summary>
    private Estimate Distance(List<double> divergences, Func<double, double> curve, Func<double, double> slope)
    {
        double kl = Math.Max(0, divergences.Average()),
            at = curve(kl);
        if (double.IsInfinity(kl) || divergences.All(value => value == 0))
            return PromptMean.Of([.. _win.Select(win => at - win)], _prompts);
        if (kl == 0)
            return new Estimate(at - _win.Average(), double.PositiveInfinity, _promptCount);
        double steepness = slope(kl);
        Estimate terms = PromptMean.Of([.. divergences.Zip(_win, (value, win) => (steepness * (value - kl)) - win)], _prompts);
        return terms with { Value = at - _win.Average() };
    }

    private static double Rank(RankCounts counts) => (counts.Below + ((counts.AtOrBelow - counts.Below + 1) / 2.0)) / (counts.Samples + 1);

    /// <summary>The rank among M - 1 samples, without the one at u M of them in order:
    /// as the reference's own are ranked, so that both laws are one under pi = pi_ref.</summary>
    private static RankCounts LeavingOneOut(RankCounts counts, double u)
    {
        int left = (int)(u * counts.Samples);
        return new RankCounts(
            counts.Below - (left < counts.Below ? 1 : 0),
            counts.AtOrBelow - (left < counts.AtOrBelow ? 1 : 0),
            counts.Samples - 1
        );
    }

    private static double[] RanksOfReference(EmpiricalRewardCdf cdf)
    {
        double[] ranks = new double[cdf.Count];
        for (int i = 0; i < ranks.Length; i++)
            ranks[i] = Rank(cdf.RanksAmongOthers(cdf.SortedRewards[i]));
        return ranks;
    }

    private void AddComponents(ScoredBatch scored, int i)
    {
        foreach ((string name, ImmutableArray<double?> column) in scored.Components)
        {
            if (column[i] is not double value || double.IsNaN(value)) // as judges say that a part is not there
                continue;
            if (!_components.TryGetValue(name, out var sums))
                _components[name] = sums = ([], []);
            sums.Values.Add(value);
            sums.Prompts.Add(_promptCount);
        }
    }

    private static Estimate EffectiveN(Estimate win)
    {
        double loss = 1 - win.Value;
        return loss > 0
            ? new Estimate(win.Value / loss, win.StandardError / (loss * loss), win.Count)
            : new Estimate(double.PositiveInfinity, double.PositiveInfinity, win.Count);
    }
}
