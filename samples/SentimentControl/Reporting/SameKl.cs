namespace SentimentControl.Reporting;

/// <summary>Compares at equal KL. Stateless.</summary>
internal static class SameKl
{
    /// <summary>Reward and win rate of a result minus those of KL-constrained RL, interpolated linearly between its points at the same KL.</summary>
    /// <returns>The differences, or null where the KL lies outside the points of KL-constrained RL.</returns>
    public static (double Reward, double WinRate)? Difference(IReadOnlyList<MethodResult> results, MethodResult result)
    {
        MethodResult[] curve = [.. results.Where(r => r.Method is Method.KlConstrainedRl or Method.Reference).OrderBy(r => r.Kl.Value)];
        for (int i = 0; i + 1 < curve.Length; i++)
        {
            (double left, double right) = (curve[i].Kl.Value, curve[i + 1].Kl.Value);
            if (left <= result.Kl.Value && result.Kl.Value < right)
            {
                double share = (result.Kl.Value - left) / (right - left);
                double At(Func<MethodResult, double> value) => value(curve[i]) + (share * (value(curve[i + 1]) - value(curve[i])));
                return (result.Reward.Value - At(r => r.Reward.Value), result.WinRate.Value - At(r => r.WinRate.Value));
            }
        }

        return null;
    }
}
