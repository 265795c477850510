using System.Collections.Immutable;

namespace VariationalBoN.Evaluation;

/// <summary>Collects the numbers of completions, batch by batch. Not thread-safe.</summary>
internal sealed class EvaluationSums(IBoNDistribution? bestOfN)
{
    private readonly List<int> _prompts = [];
    private readonly List<double> _reward = [], _win = [], _logRatio = [], _stepwise = [], _gap = [], _length = [], _truncated = [], _distinct = [];
    private readonly SortedDictionary<string, (List<double> Values, List<int> Prompts)> _components = new(StringComparer.Ordinal);
    private int _promptCount;
    private int _excluded;

    public void Add(ScoredBatch scored, ReferenceTable table, double[] logPolicy, double[]? stepwiseKl)
    {
        _excluded += scored.Excluded;
        foreach (var group in Enumerable.Range(0, scored.Count).GroupBy(i => scored.Groups[i]))
        {
            var texts = new HashSet<string>(StringComparer.Ordinal);
            int count = 0;
            foreach (int i in group)
            {
                ScoredCompletion item = scored[i];
                AddComponents(scored, i);
                double logRatio = logPolicy[i] - item.LogReference;
                _prompts.Add(_promptCount);
                _reward.Add(item.Reward);
                _win.Add(table[item.Completion.Prompt].Cdf.MidRank(item.Reward));
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
            throw new InvalidOperationException($"All {_excluded} completions were excluded, so there is nothing to report on. See why the reward model fails, or whether all are truncated.");
        Estimate Mean(List<double> values) => PromptMean.Of(values, _prompts);
        Estimate win = Mean(_win);
        return new EvaluationReport
        {
            Reward = Mean(_reward),
            RewardComponents = _components.ToImmutableSortedDictionary(part => part.Key, part => PromptMean.Of(part.Value.Values, part.Value.Prompts), StringComparer.Ordinal),
            WinRate = win,
            EffectiveN = EffectiveN(win),
            KlEstimates = KlEstimates.FromLogRatios(_logRatio, _prompts, _stepwise.Count > 0 ? _stepwise : null),
            ObjectiveGap = bestOfN is null ? null : Mean(_gap),
            Length = Mean(_length),
            DistinctShare = Estimate.FromObservations(_distinct),
            TruncatedShare = Mean(_truncated),
            Completions = _reward.Count,
            Excluded = _excluded,
        };
    }

    private void AddComponents(ScoredBatch scored, int i)
    {
        foreach ((string name, ImmutableArray<double?> column) in scored.Components)
        {
            if (column[i] is not double value)
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
