namespace VariationalBoN.Tests.Packaging;

/// <summary>The source tree that the running tests were built from.</summary>
internal static class Repository
{
    /// <summary>The folder that holds VariationalBoN.sln, found upwards from the test assembly.</summary>
    public static string Root { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>The text of a file of the repository.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Find(DirectoryInfo? folder)
    {
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "VariationalBoN.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"No VariationalBoN.sln above {AppContext.BaseDirectory}.");
    }
}
