namespace VariationalBoN.Orleans.Internal;

/// <summary>What losses are registered and called. Stateless.</summary>
internal static class LossNames
{
    /// <summary>Says that there is no such loss, but which.</summary>
    public static string Missing(string wanted, IEnumerable<string> registered)
    {
        string others = string.Join(", ", registered.Order(StringComparer.Ordinal).Select(name => $"\"{name}\""));
        return $"the loss \"{wanted}\" is not among those registered ({(others.Length == 0 ? "none" : others)}). Add it to "
            + "ClusterWorker.Losses of learner and workers.";
    }

    /// <summary>The first loss of the learner that a worker has not, or that is other code there, in words;
    /// null where there is none.</summary>
    public static string? Difference(
        IReadOnlyDictionary<string, string> learner,
        IReadOnlyDictionary<string, string> worker,
        string at1 = "the learner",
        string at2 = "the worker"
    )
    {
        foreach ((string name, string code) in learner.OrderBy(loss => loss.Key, StringComparer.Ordinal))
        {
            if (!worker.TryGetValue(name, out string? theirs))
                return Missing(name, worker.Keys);
            if (theirs != code)
                return $"the loss \"{name}\" is \"{theirs}\" at {at2} and \"{code}\" at {at1}. Start both from one build, or "
                    + "give builds of one source the same ClusterWorker.LossVersion.";
        }

        return null;
    }
}
