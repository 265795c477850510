using System.Collections.Frozen;
using System.Text.RegularExpressions;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.Architecture;

/// <summary>
/// The rooms of all packages as docs/architecture.md has them: the page is what the code is held against, there is no second table.
/// </summary>
internal sealed partial class House
{
    private const string Core = "VariationalBoN",
        Root = "root",
        Shared = "Internal",
        None = "nothing";

    private House(IEnumerable<Room> rooms, IEnumerable<KeyValuePair<string, string>> everyday)
    {
        Rooms = rooms.ToFrozenDictionary(room => room.Name);
        EverydayTypes = everyday.ToFrozenDictionary();
    }

    /// <summary>The rooms by name.</summary>
    public FrozenDictionary<string, Room> Rooms { get; }

    /// <summary>The namespaces of the types that stand in another one than their folder's, by the name of the type.</summary>
    public FrozenDictionary<string, string> EverydayTypes { get; }

    public IEnumerable<string> Packages => Rooms.Values.Select(room => room.Package).Distinct().Order(StringComparer.Ordinal);

    /// <summary>The house of this repository.</summary>
    public static House Read() => Parse(Repository.Read("docs/architecture.md"));

    /// <summary>
    /// Reads the table of rooms, whose first column is "package",
    /// and that of everyday types, whose first column is "everyday namespace".
    /// </summary>
    /// <exception cref="InvalidDataException">A table is missing, or a row names a room that has no row.</exception>
    public static House Parse(string page)
    {
        string[][] rows = Table(page, "package", 6);
        Room[] rooms = [.. rows.Select(row => new Room(row[0], Folder(row[1]), [], IsYes(row[4]), IsYes(row[5])))];
        return new House(
            rooms.Zip(
                rows,
                (room, row) =>
                    room with
                    {
                        MayUse = [.. Names(row[3]).Select(name => Find(rooms, room, name)).Concat(SharedRooms(rooms, room)).Distinct()],
                    }
            ),
            Table(page, "everyday namespace", 2).SelectMany(row => Names(row[1]).Select(type => KeyValuePair.Create(type, row[0])))
        );
    }

    /// <summary>Rooms that use each other in a circle, as "A > B > A"; null when there is no circle.</summary>
    public string? Cycle()
    {
        var done = new HashSet<string>();
        return Rooms
            .Values.OrderBy(room => room.Name, StringComparer.Ordinal)
            .Select(room => Cycle(room, [], done))
            .FirstOrDefault(found => found is not null);
    }

    private string? Cycle(Room room, string[] path, HashSet<string> done)
    {
        if (path.Contains(room.Name))
            return string.Join(" > ", path.SkipWhile(name => name != room.Name).Append(room.Name));
        if (done.Contains(room.Name))
            return null;
        string? found = room
            .MayUse.Select(name => Cycle(Rooms[name], [.. path, room.Name], done))
            .FirstOrDefault(circle => circle is not null);
        done.Add(room.Name);
        return found;
    }

    /// <summary>
    /// A name in the column "may use" means a room of the same package, where there is such another one, and of the core otherwise; with a
    /// dot it is a room of another package, or, by its whole name, of the core where the package has one of that name, too.
    /// </summary>
    private static string Find(Room[] rooms, Room user, string name)
    {
        string folder = Folder(name),
            full = $"{Core}.{name}";
        return rooms.FirstOrDefault(room => name.Contains('.', StringComparison.Ordinal) && (room.Name == full || room.Name == name))?.Name
            ?? rooms.FirstOrDefault(room => room.Package == user.Package && room.Folder == folder && room != user)?.Name
            ?? rooms.FirstOrDefault(room => room.Package == Core && room.Folder == folder)?.Name
            ?? throw new InvalidDataException($"docs/architecture.md: {user.Name} may use '{name}', which has no row.");
    }

    private static IEnumerable<string> SharedRooms(Room[] rooms, Room user) =>
        rooms
            .Where(room => room.Folder == Shared && room != user && (room.Package == user.Package || room.Package == Core))
            .Select(room => room.Name);

    private static string[][] Table(string page, string firstColumn, int columns)
    {
        string[] lines = page.ReplaceLineEndings("\n").Split('\n');
        int header = Array.FindIndex(lines, line => line.StartsWith($"| {firstColumn} |", StringComparison.Ordinal));
        if (header < 0)
            throw new InvalidDataException($"docs/architecture.md has no table whose first column is '{firstColumn}'.");
        string[][] rows = [.. lines.Skip(header + 2).TakeWhile(line => line.StartsWith('|')).Select(line => Cells(line))];
        return rows.All(row => row.Length == columns)
            ? rows
            : throw new InvalidDataException($"docs/architecture.md: a row of the table '{firstColumn}' has other than {columns} columns.");
    }

    private static string[] Cells(string line) =>
        [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim().Replace("`", "", StringComparison.Ordinal))];

    private static IEnumerable<string> Names(string cell) => Name().Matches(cell).Select(match => match.Value).Where(name => name != None);

    private static string Folder(string name) => name.Trim('(', ')') is var bare && bare == Root ? "" : bare;

    private static bool IsYes(string cell) =>
        cell switch
        {
            "yes" => true,
            "no" => false,
            _ => throw new InvalidDataException($"docs/architecture.md: '{cell}' is neither yes nor no."),
        };

    [GeneratedRegex(@"[A-Za-z][A-Za-z0-9/.]*")]
    private static partial Regex Name();
}
