using System.Text.Json;

namespace VariationalBoN.Internal;

/// <summary>Files of JSON Lines. Stateless.</summary>
internal static class JsonLines
{
    /// <summary>What the lines of a file hold, in order; blank lines are passed over.</summary>
    /// <typeparam name="T">What a line holds.</typeparam>
    /// <param name="path">The file, in UTF-8.</param>
    /// <param name="what">What a line holds, for the message.</param>
    /// <param name="read">Reads a line.</param>
    /// <returns>At least one.</returns>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    /// <exception cref="InvalidDataException">A line cannot be read, or every line is blank; file and line are named.</exception>
    public static T[] Read<T>(string path, string what, Func<string, T> read)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var all = new List<T>();
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                all.Add(read(line));
            }
            catch (Exception e) when (e is JsonException or ArgumentException or FormatException or InvalidOperationException)
            {
                throw new InvalidDataException($"{path}, line {number}: {e.Message}", e);
            }
        }

        return all.Count > 0 ? [.. all] : throw new InvalidDataException($"{path} holds no {what}: every line is blank.");
    }
}
