namespace VariationalBoN.Experiments.Grid;

/// <summary>Best-of-n of a continuous reward for real n: KL log n - (n - 1) / n, win rate n / (n + 1). Stateless.</summary>
internal static class BestOfNCurve
{
    /// <summary>The win rate of the Best-of-n that has a given KL, at least 0.</summary>
    public static double WinRateAt(double kl)
    {
        (double low, double high) = (0, Math.Max(0, kl) + 2); // log n
        for (int i = 0; i < 80; i++)
        {
            double middle = (low + high) / 2;
            if (middle - 1 + Math.Exp(-middle) < kl)
                low = middle;
            else
                high = middle;
        }

        return 1 / (1 + Math.Exp(-low));
    }
}
