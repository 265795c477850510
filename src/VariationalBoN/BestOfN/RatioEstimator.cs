namespace VariationalBoN.BestOfN;

/// <summary>How log(pi_bon / pi_ref) is estimated from M reference rewards; k_lt lie below the reward and k_eq equal it.</summary>
public enum RatioEstimator
{
    /// <summary>
    /// log((F_le^N - F_lt^N) / (F_le - F_lt)) with F_lt = k_lt / (M + 1), F_le = (k_lt + k_eq + 1) / (M + 1): tie-aware, finite, at most
    /// log N, free of log pi_ref, its exponential of mean exactly 1 over the pooled samples. The default.
    /// </summary>
    SelfInclusive,

    /// <summary>
    /// log(((F + p)^N - F^N) / p) with F = (k_lt + 1) / (M + 1) and p = pi_ref(y | x), the form of arXiv 2407.06057, which treats every
    /// completion as the only one with its reward. F is lowered to 1 - p where the estimate would make F + p exceed 1.
    /// </summary>
    SingleAtom,
}
