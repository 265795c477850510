namespace VariationalBoN.Tests.Architecture.Natives;

/// <summary>What a caller must know of a method.</summary>
internal sealed record MethodFacts
{
    public static readonly MethodFacts None = new();

    /// <summary>The parameters (this first) whose native object is in use while the method no longer holds it: the caller has to.</summary>
    public HandleSet Dropped { get; init; }

    /// <summary>The parameters one of which may be what the method returns.</summary>
    public HandleSet Returned { get; init; }

    /// <summary>Whether it may return an object that it, or a method it calls, has made.</summary>
    public bool ReturnsFresh { get; init; }

    /// <summary>Why an object made inside, of a kind that no scope holds,
    /// can be freed while libtorch reads it; null when none can.</summary>
    public string? Loses { get; init; }

    /// <summary>Why a tensor made inside can be, unless a dispose scope is open.</summary>
    public string? LosesTensor { get; init; }
}
