namespace VariationalBoN.BestOfN;

/// <summary>How F and log(pi_bon / pi_ref) are estimated from M reference rewards; k_lt lie below the reward and k_eq equal it.</summary>
/// <remarks>
/// One choice for both. For continuous rewards (k = k_lt, k_eq = 0) all have the variance (N - 1)^2 (1 - F) / (M F) to first order, so that
/// (N - 1) log F is off by sqrt((N - 1) / M) (root mean square) for completions drawn from pi_bon; they differ in bias, as said below. A
/// bias that is the same for all completions moves no gradient (baselines remove it), but it moves reported values.
/// </remarks>
public enum RatioEstimator
{
    /// <summary>
    /// F_lt = k_lt / (M + 1), F_le = (k_lt + k_eq + 1) / (M + 1), the completion counted as one more sample, and the ratio
    /// log((F_le^N - F_lt^N) / (F_le - F_lt)): tie-aware, finite, at most log N, free of log pi_ref, its exponential of mean exactly 1 over
    /// the pooled samples. Bias of the log-ratio about -(N - 1) / (2 M), nearly the same for all completions. The default.
    /// </summary>
    SelfInclusive,

    /// <summary>
    /// F = (k_lt + 1) / (M + 1) on both sides, and the ratio log(((F + p)^N - F^N) / p) with p = pi_ref(y | x), the form of arXiv
    /// 2407.06057, which treats every completion as the only one with its reward. F is lowered to 1 - p where the estimate would make F + p
    /// exceed 1. Bias about +(N - 1) (1 - F) / (2 M F): high where F is low.
    /// </summary>
    SingleAtom,

    /// <summary>
    /// log F_lt = H_{k_lt} - H_M, log F_le = H_{k_lt + k_eq} - H_M with H_k = 1 + 1 / 2 + ... + 1 / k, and the ratio log((F_le^N - F_lt^N)
    /// / (F_le - F_lt)), in the limit log N + (N - 1) log F where no reward ties. Bias of log F between 0 and (1 - F)^(M + 1) / ((M + 1)
    /// F), which vanishes exponentially: the choice for numbers that are reported (KL to Best-of-N) and for regression on values.
    /// </summary>
    Harmonic,
}
