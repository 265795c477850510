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
    /// <param name="one">The lines of one.</param>
    /// <param name="other">The lines of the other.</param>
    /// <param name="at1">Where the one is.</param>
    /// <param name="at2">Where the other is.</param>
    public static string? Difference(string one, string other, string at1 = "the learner", string at2 = "the worker")
    {
        string[] mine = one.Split('\n'),
            theirs = other.Split('\n');
        int at = Enumerable
            .Range(0, Math.Max(mine.Length, theirs.Length))
            .FirstOrDefault(i => mine.ElementAtOrDefault(i) != theirs.ElementAtOrDefault(i), -1);
        return at < 0
            ? null
            : $"published parameter {at} is \"{theirs.ElementAtOrDefault(at) ?? "none"}\" at {at2} and "
                + $"\"{mine.ElementAtOrDefault(at) ?? "none"}\" at {at1}";
    }
}
