namespace VariationalBoN.Numerics;

/// <summary>The limit law of sqrt(n) sup |F_n - F|. Stateless, thread-safe.</summary>
internal static class KolmogorovDistribution
{
    /// <summary>P(D_n >= distance) by 2 sum_k (-1)^(k-1) e^(-2 k^2 t^2),
    /// t = (sqrt n + 0.12 + 0.11 / sqrt n) distance (Stephens, JRSS B 32, 1970).</summary>
    public static double UpperTail(double distance, double n)
    {
        double root = Math.Sqrt(n),
            t = (root + 0.12 + (0.11 / root)) * distance;
        if (t < 0.3)
            return 1; // 1 - 9e-6 at 0.3
        double sum = 0;
        for (int k = 1; k <= 20; k++)
            sum += (k % 2 == 1 ? 2 : -2) * Math.Exp(-2.0 * k * k * t * t);
        return sum;
    }
}
