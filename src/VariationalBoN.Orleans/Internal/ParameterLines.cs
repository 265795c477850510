using TorchSharp.Modules;

namespace VariationalBoN.Orleans.Internal;

/// <summary>What published parameters are called and of what shape: equal at learner and workers. Stateless.</summary>
internal static class ParameterLines
{
    /// <summary>Names, element types and shapes, a line each.</summary>
    public static string Of(IEnumerable<(string Name, Parameter Value)> parameters) =>
        string.Join(
            '\n',
            parameters.Select(parameter => $"{parameter.Name} {parameter.Value.dtype} [{string.Join(", ", parameter.Value.shape)}]")
        );

    /// <summary>The first line that differs, in words; null when none does.</summary>
    public static string? Difference(string learner, string worker)
    {
        string[] mine = learner.Split('\n'),
            theirs = worker.Split('\n');
        int at = Enumerable
            .Range(0, Math.Max(mine.Length, theirs.Length))
            .FirstOrDefault(i => mine.ElementAtOrDefault(i) != theirs.ElementAtOrDefault(i), -1);
        return at < 0
            ? null
            : $"published parameter {at} is \"{theirs.ElementAtOrDefault(at) ?? "none"}\" at the worker and "
                + $"\"{mine.ElementAtOrDefault(at) ?? "none"}\" at the learner";
    }
}
