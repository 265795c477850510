using VariationalBoN.Extensions.AI.Hosting;

namespace Serve;

/// <summary>The models that can be asked. Immutable, thread-safe.</summary>
/// <param name="Models">Them, in the order of the page.</param>
/// <param name="HasReward">Whether answers get rewards.</param>
internal sealed record Served(IReadOnlyList<ServedEntry> Models, bool HasReward)
{
    /// <summary>The names for requests.</summary>
    public IReadOnlyList<string> Names { get; } = [.. Models.Select(model => model.Id)];

    /// <summary>When this server began, in seconds since 1970.</summary>
    public long Started { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>What the arguments allow: without a reference or a reward model there is no Best-of-N.</summary>
    public static Served By(Arguments arguments)
    {
        var policy = new ServedEntry(ServedModel.Policy, "Policy", "aligned, one draw");
        bool hasReference = (arguments.Adapters ?? arguments.Reference) is not null;
        ServedEntry[] models =
            !hasReference ? [policy]
            : arguments.Reward is null ? [new ServedEntry(ServedModel.Reference, "Reference", "before alignment, one draw"), policy]
            :
            [
                new ServedEntry(ServedModel.Reference, "Reference", "before alignment, one draw"),
                policy,
                new ServedEntry(ServedModel.BestOfN, $"Best of {arguments.N}", $"of {arguments.N} draws of the reference the best"),
            ];
        return new Served(models, arguments.Reward is not null);
    }
}

/// <summary>One of them.</summary>
/// <param name="Id">The name for requests.</param>
/// <param name="Name">The name for people.</param>
/// <param name="What">What an answer of it is.</param>
internal sealed record ServedEntry(string Id, string Name, string What);
