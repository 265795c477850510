namespace VariationalBoN.Evaluation;

/// <summary>How KL(pi_theta || pi_ref) is estimated from completions y ~ pi_theta,
/// with D = log pi_theta(y | x) - log pi_ref(y | x).</summary>
public enum KlEstimator
{
    /// <summary>The mean of D: unbiased; can come out negative.</summary>
    K1,

    /// <summary>The mean of D^2 / 2: biased, never negative.</summary>
    K2,

    /// <summary>The mean of e^-D - 1 + D: unbiased where pi_theta reaches all that pi_ref does, never negative;
    /// heavy-tailed far from the reference.</summary>
    K3,

    /// <summary>The mean of the exact KL of the next-token distributions, summed along y:
    /// unbiased, never negative, least variance.</summary>
    Stepwise,
}
