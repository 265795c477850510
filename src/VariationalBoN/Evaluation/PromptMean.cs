namespace VariationalBoN.Evaluation;

/// <summary>Means over completions with errors over prompts. Stateless, thread-safe.</summary>
internal static class PromptMean
{
    /// <summary>The clustered mean. With one prompt nothing is said of others: its completions are independent draws.</summary>
    public static Estimate Of(IReadOnlyList<double> values, IReadOnlyList<int> prompts)
    {
        if (values.Any(double.IsInfinity))
            return new Estimate(values.Sum(), double.PositiveInfinity, prompts.Distinct().Count());
        return values.Count == prompts.Count && values.Count > 0 && prompts.All(prompt => prompt == prompts[0])
            ? Estimate.FromObservations(values)
            : Estimate.FromClusters(values, prompts);
    }
}
