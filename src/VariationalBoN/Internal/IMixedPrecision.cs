namespace VariationalBoN.Internal;

/// <summary>A module that can compute its products in bfloat16, which is part of what it computes and so of its identity.</summary>
internal interface IMixedPrecision
{
    /// <summary>Whether it does.</summary>
    bool MixedPrecision { get; }

    /// <summary>Turns it on or off.</summary>
    void UseMixedPrecision(bool on);
}
