namespace VariationalBoN.Evaluation;

/// <summary>How KL(pi_theta || pi_ref) was estimated; both are unbiased.</summary>
public enum KlEstimator
{
    /// <summary>k1: the mean of log pi_theta(y | x) - log pi_ref(y | x) over y ~ pi_theta; can come out negative.</summary>
    LogRatio,

    /// <summary>The mean over y ~ pi_theta of the exact KL of the next-token distributions, summed along y; never negative, less variance.</summary>
    Stepwise,
}
