// What .ci/release asks of packages; the .NET SDK alone runs it.
//   dotnet run .ci/packages.cs -- compare <folder> <folder>   do two folders hold the same packages, byte by byte? Names what differs.
//   dotnet run .ci/packages.cs -- breaks <package> <file>     which of the breaks in a suppression file of the SDK are of API that the
//                                                             package did not mark as [Experimental]? What it did mark may break.
//   dotnet run .ci/packages.cs -- licences <folder>           a page of the packages that the bills of materials (*.cdx.json) there name
#:property TreatWarningsAsErrors=false
#:property PublishAot=false
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Xml.Linq;

return args switch
{
    ["compare", var one, var other] => Compare(one, other),
    ["breaks", var package, var file] => Breaks(package, file),
    ["licences", var folder] => Licences(folder),
    _ => throw new ArgumentException(
        $"'{string.Join(' ', args)}': give 'compare <folder> <folder>', 'breaks <package> <file>' or 'licences <folder>'."
    ),
};

static int Compare(string one, string other)
{
    string[] Names(string folder) =>
        [.. Directory.GetFiles(folder, "*nupkg").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
    string[] names = Names(one);
    if (names.Length == 0 || !names.SequenceEqual(Names(other)))
    {
        Console.Error.WriteLine($"{one} holds [{string.Join(", ", names)}], {other} [{string.Join(", ", Names(other))}].");
        return 1;
    }

    int differing = 0;
    foreach (string name in names)
    {
        string[] paths = [Path.Combine(one, name), Path.Combine(other, name)];
        bool same = File.ReadAllBytes(paths[0]).AsSpan().SequenceEqual(File.ReadAllBytes(paths[1]));
        Dictionary<string, string>[] digests = [Digests(paths[0]), Digests(paths[1])];
        string[] differ =
        [
            .. digests[0]
                .Keys.Union(digests[1].Keys)
                .Where(entry => digests[0].GetValueOrDefault(entry) != digests[1].GetValueOrDefault(entry))
                .Order(StringComparer.Ordinal),
        ];
        differing += same ? 0 : 1;
        string what = differ.Length == 0 ? "the archive itself" : string.Join(", ", differ);
        Console.WriteLine($"{name}: {digests[0].Count} files, {(same ? "the same bytes" : $"differs in {what}")}");
    }

    return differing == 0 ? 0 : 1;
}

static Dictionary<string, string> Digests(string path)
{
    using ZipArchive archive = ZipFile.OpenRead(path);
    return archive.Entries.ToDictionary(
        entry => entry.FullName,
        entry =>
        {
            using Stream content = entry.Open();
            return Convert.ToHexString(SHA256.HashData(content));
        }
    );
}

static int Breaks(string package, string file)
{
    (string Id, string Target, string Assembly)[] breaks =
    [
        .. XDocument
            .Load(file)
            .Root!.Elements("Suppression")
            .Select(one => (Text(one, "DiagnosticId"), Text(one, "Target"), Text(one, "Left"))),
    ];
    using ZipArchive archive = ZipFile.OpenRead(package);
    Dictionary<string, Dictionary<string, bool>> marked = breaks
        .Select(one => one.Assembly)
        .Distinct()
        .ToDictionary(assembly => assembly, assembly => Marked(archive.GetEntry(assembly)));
    int settled = 0;
    foreach ((string id, string target, string assembly) in breaks)
    {
        bool mayBreak = IsMarked(marked[assembly], target);
        settled += mayBreak ? 0 : 1;
        Console.WriteLine($"{(mayBreak ? "experimental" : "settled")}: {id} {target}");
    }

    return settled == 0 ? 0 : 1;

    static string Text(XElement one, string name) => one.Element(name)?.Value ?? "";
}

// Whether the type or member of a documentation id, such as M:A.B.C(System.String), was experimental: by itself, or by its type.
static bool IsMarked(Dictionary<string, bool> marked, string target)
{
    string name = target[(target.IndexOf(':') + 1)..].Split('(', '~')[0].Split("``")[0];
    for (; name.Length > 0; name = name[..Math.Max(0, name.LastIndexOf('.'))])
    {
        if (marked.GetValueOrDefault(name))
            return true;
    }

    return false;
}

// The types and members of an assembly, each with whether it, and all that have its name, are [Experimental].
static Dictionary<string, bool> Marked(ZipArchiveEntry? assembly)
{
    var marked = new Dictionary<string, bool>();
    if (assembly is null)
        return marked;
    var bytes = new MemoryStream();
    using (Stream content = assembly.Open())
        content.CopyTo(bytes);
    bytes.Position = 0;
    using var image = new PEReader(bytes);
    MetadataReader reader = image.GetMetadataReader();
    foreach (TypeDefinition type in reader.TypeDefinitions.Select(reader.GetTypeDefinition))
    {
        string name = NameOf(type);
        Add(name, type.GetCustomAttributes());
        foreach (FieldDefinition field in type.GetFields().Select(reader.GetFieldDefinition))
            Add($"{name}.{reader.GetString(field.Name)}", field.GetCustomAttributes());
        foreach (MethodDefinition method in type.GetMethods().Select(reader.GetMethodDefinition))
            Add($"{name}.{reader.GetString(method.Name).Replace('.', '#')}", method.GetCustomAttributes());
        foreach (PropertyDefinition property in type.GetProperties().Select(reader.GetPropertyDefinition))
        {
            Add($"{name}.{reader.GetString(property.Name)}", property.GetCustomAttributes());
            if (!HasMark(property.GetCustomAttributes()))
                continue;
            marked[$"{name}.get_{reader.GetString(property.Name)}"] = true;
            marked[$"{name}.set_{reader.GetString(property.Name)}"] = true;
        }
    }

    return marked;

    void Add(string name, CustomAttributeHandleCollection attributes) =>
        marked[name] = marked.GetValueOrDefault(name, true) && HasMark(attributes);

    bool HasMark(CustomAttributeHandleCollection attributes) =>
        attributes.Select(reader.GetCustomAttribute).Any(attribute => ClassOf(attribute.Constructor) == nameof(ExperimentalAttribute));

    string ClassOf(EntityHandle constructor) =>
        constructor.Kind == HandleKind.MemberReference
        && reader.GetMemberReference((MemberReferenceHandle)constructor).Parent is { Kind: HandleKind.TypeReference } parent
            ? reader.GetString(reader.GetTypeReference((TypeReferenceHandle)parent).Name)
            : "";

    string NameOf(TypeDefinition type) =>
        type.GetDeclaringType() is { IsNil: false } outer
            ? $"{NameOf(reader.GetTypeDefinition(outer))}.{reader.GetString(type.Name)}"
            : $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
}

static int Licences(string folder)
{
    string cache =
        Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
    var rows = new SortedDictionary<string, (string Licence, string Holder, SortedSet<string> UsedBy)>(StringComparer.OrdinalIgnoreCase);
    string[] bills = [.. Directory.GetFiles(folder, "*.cdx.json").Order(StringComparer.Ordinal)];
    if (bills.Length == 0)
        throw new FileNotFoundException($"{folder} holds no *.cdx.json.");
    foreach (string bill in bills)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(bill));
        string product = Path.GetFileName(bill)[..^".cdx.json".Length];
        foreach (JsonElement component in document.RootElement.GetProperty("components").EnumerateArray())
        {
            (string name, string version) = (component.GetProperty("name").GetString()!, component.GetProperty("version").GetString()!);
            string nuspec = Path.Combine(cache, name.ToLowerInvariant(), version.ToLowerInvariant(), $"{name.ToLowerInvariant()}.nuspec");
            if (name.StartsWith("VariationalBoN", StringComparison.Ordinal) || name == "SampleHosting")
                continue; // of this repository
            string package = $"{name} | {version}";
            if (!rows.TryGetValue(package, out var row))
            {
                string holder = Element(nuspec, "copyright")?.Value ?? Element(nuspec, "authors")!.Value;
                rows.Add(
                    package,
                    row = (LicenceOf(nuspec), holder.Replace("|", "\\|").ReplaceLineEndings(" ").Trim(), new(StringComparer.Ordinal))
                );
            }

            row.UsedBy.Add(product);
        }
    }

    string[] products = [.. bills.Select(bill => Path.GetFileName(bill)[..^".cdx.json".Length])];
    Console.WriteLine("| package | version | licence | copyright | required by |");
    Console.WriteLine("| --- | --- | --- | --- | --- |");
    foreach ((string package, (string licence, string holder, SortedSet<string> usedBy)) in rows)
        Console.WriteLine($"| {package} | {licence} | {holder} | {(usedBy.SetEquals(products) ? "all" : string.Join(", ", usedBy))} |");
    return 0;
}

// An expression of SPDX, the name of the file in the package, or the address that older packages give.
static string LicenceOf(string nuspec)
{
    XElement? licence = Element(nuspec, "license");
    if (licence is null)
        return Element(nuspec, "licenseUrl")?.Value is { } url
            ? $"[its page]({url})"
            : throw new InvalidDataException($"{nuspec} names no licence.");
    return licence.Attribute("type")?.Value == "file" ? $"`{licence.Value}` in the package" : licence.Value;
}

static XElement? Element(string nuspec, string name) =>
    XDocument
        .Load(nuspec)
        .Root!.Elements()
        .Single(element => element.Name.LocalName == "metadata")
        .Elements()
        .FirstOrDefault(element => element.Name.LocalName == name);
