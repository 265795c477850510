namespace VariationalBoN;

/// <summary>What completions are drawn for; draws of different purposes never share random numbers, whatever their seeds.</summary>
public enum DrawPurpose
{
    /// <summary>Completions of the policy being trained.</summary>
    Rollout,

    /// <summary>Reference samples for a table of rewards.</summary>
    Reference,

    /// <summary>Completions for held-out numbers.</summary>
    Evaluation,

    /// <summary>Completions that are returned to a user, such as the N of literal Best-of-N.</summary>
    Serving,

    /// <summary>Resamples behind confidence intervals, and ties broken at random; no completion is drawn.</summary>
    Resampling,

    /// <summary>Completions in place of others that a truncated policy gives no
    /// probability (<c>PoolSampler</c> with top-k or top-p).</summary>
    Redraw,
}
