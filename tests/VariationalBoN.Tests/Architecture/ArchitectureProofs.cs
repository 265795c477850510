using System.Xml.Linq;
using Mono.Cecil;
using TorchSharp;

namespace VariationalBoN.Tests.Architecture;

/// <summary>Each rule of <see cref="ArchitectureTests"/> sees what breaks it.</summary>
[Trait("Tier", "fast")]
public sealed class ArchitectureProofs
{
    private const string Rooms = """
        | package | room | what lives there | may use | tensors | async |
        | --- | --- | --- | --- | --- | --- |
        | VariationalBoN | (root) | | nothing | no | no |
        | VariationalBoN | Internal | | nothing | no | no |
        | VariationalBoN | Policies | | root | yes | no |
        | VariationalBoN | Objectives | | root | no | no |
        | VariationalBoN.Extra | Policies | | Objectives, Policies | no | yes |

        """;

    private const string Everyday = """

        | everyday namespace | types |
        | --- | --- |
        | `VariationalBoN` | `IPolicy` |
        """;

    private static readonly string[] s_nothing = [];

    [Theory]
    [InlineData(
        "VariationalBoN.Objectives",
        "uses TorchSharp in a room without tensors",
        "uses the room VariationalBoN.Policies, which VariationalBoN.Objectives may not"
    )]
    [InlineData("VariationalBoN.Extra.Policies", "uses TorchSharp in a room without tensors")]
    [InlineData("VariationalBoN.Policies")]
    public void A_use_that_the_row_does_not_allow_is_seen(string room, params string[] expected)
    {
        using var module = ModuleDefinition.ReadModule(typeof(ArchitectureProofs).Assembly.Location);
        TypeDefinition bad = module.GetType(typeof(BadObjective).FullName!.Replace('+', '/'));
        var house = House.Parse(Rooms + Everyday);

        string[] found = [.. new LayerRules(house, Packages.RoomsOfTypes).Uses(bad, house.Rooms[room])];

        foreach (string sentence in expected)
            Assert.Contains(found, violation => violation.Contains(sentence, StringComparison.Ordinal));
        Assert.Equal(expected.Length == 0, found.Length == 0);
    }

    [Fact]
    public void A_name_in_the_table_means_the_own_package_before_the_core_but_never_the_room_itself()
    {
        const string Row = "| VariationalBoN.Extra | Objectives | | Policies | no | no |";
        var rooms = House.Parse(Rooms + Row + "\n" + Everyday).Rooms;

        Assert.Equal(["VariationalBoN.Extra.Policies", "VariationalBoN.Internal"], rooms["VariationalBoN.Extra.Objectives"].MayUse);
        Assert.Equal(
            ["VariationalBoN.Extra.Objectives", "VariationalBoN.Policies", "VariationalBoN.Internal"],
            rooms["VariationalBoN.Extra.Policies"].MayUse
        );
    }

    [Theory]
    [InlineData("VariationalBoN.IPolicy", "VariationalBoN.Policies")]
    [InlineData("VariationalBoN.Policies.Other", "VariationalBoN.Policies")]
    [InlineData("Made.By.Compiler")]
    [InlineData("VariationalBoN.Policies.IPolicy", "VariationalBoN.Policies", "its namespace must be VariationalBoN")]
    [InlineData("VariationalBoN.Other", "VariationalBoN.Policies", "its namespace must be VariationalBoN.Policies")]
    [InlineData("VariationalBoN.Cellar.Wine", "VariationalBoN.Cellar", "has no row")]
    [InlineData("VariationalBoN.Policies.Spread", "VariationalBoN.Policies VariationalBoN.Objectives", "is spread")]
    [InlineData("VariationalBoN.Policies.Lost", "", "its folder is not in the debug symbols")]
    public void A_type_in_a_wrong_place_is_seen(string type, string rooms = "", string? expected = null)
    {
        var folders = new Dictionary<string, string[]> { [type] = rooms.Split(' ', StringSplitOptions.RemoveEmptyEntries) };
        var rules = new LayerRules(House.Parse(Rooms + Everyday), folders);

        string[] found = [.. rules.Place(type)];

        Assert.Equal(expected is null ? 0 : 1, found.Length);
        Assert.All(found, sentence => Assert.Contains(expected!, sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void Debug_symbols_tell_the_folders_of_classes_interfaces_and_enumerations()
    {
        Assert.Equal(["VariationalBoN.Policies"], Packages.RoomsOfTypes["VariationalBoN.CausalLmPolicy"]);
        Assert.Equal(["VariationalBoN.Policies"], Packages.RoomsOfTypes["VariationalBoN.IPolicy"]);
        Assert.Equal(["VariationalBoN"], Packages.RoomsOfTypes["VariationalBoN.FinishReason"]);
        Assert.Equal(["VariationalBoN.Transformers.Tokenizers"], Packages.RoomsOfTypes["VariationalBoN.Transformers.HuggingFaceTokenizer"]);
    }

    [Theory]
    [InlineData("/home/someone/VariationalBoN/src/VariationalBoN/Policies/IPolicy.cs", "Policies")]
    [InlineData(@"C:\code\src\VariationalBoN\Policies\Deep\IPolicy.cs", "Policies/Deep")]
    [InlineData("/_/src/VariationalBoN/Estimate.cs", "")]
    [InlineData("/_/src/VariationalBoN/obj/Debug/net10.0/Made.g.cs", null)]
    [InlineData("Generator/Regex.g.cs", null)]
    public void A_folder_is_what_stands_between_package_and_file(string document, string? folder) =>
        Assert.Equal(folder, SourceFolders.Folder(document, "VariationalBoN"));

    [Fact]
    public void A_circle_is_seen_and_named()
    {
        Assert.Null(House.Parse(Rooms + Everyday).Cycle());
        string circle = Rooms
            .Replace("| Policies | | root |", "| Policies | | Objectives |", StringComparison.Ordinal)
            .Replace("| Objectives | | root |", "| Objectives | | Policies |", StringComparison.Ordinal);
        Assert.Equal(
            "VariationalBoN.Objectives > VariationalBoN.Policies > VariationalBoN.Objectives",
            House.Parse(circle + Everyday).Cycle()
        );
    }

    [Theory]
    [InlineData("| root |", "| Attic |")] // a room without a row
    [InlineData("| yes |", "| maybe |")]
    [InlineData("| package |", "| parcel |")] // no table
    [InlineData("| (root) | |", "| (root) |")] // a column is missing
    public void A_page_that_cannot_be_read_is_refused(string old, string @new) =>
        Assert.Throws<InvalidDataException>(() => House.Parse(Rooms.Replace(old, @new, StringComparison.Ordinal) + Everyday));

    [Fact]
    public void A_member_that_breaks_a_rule_is_seen()
    {
        Type[] bad = [typeof(BadObjective)];

        Assert.Equal([$"{typeof(BadObjective).FullName}.{nameof(BadObjective.MixAsync)}"], MemberRules.MixTensorsWithTasks(bad));
        Assert.Equal([$"{typeof(BadObjective).FullName}.{nameof(BadObjective.MixAsync)}"], MemberRules.ReturnTasks(bad));
        Assert.Equal([$"{typeof(BadObjective).FullName}.{nameof(BadObjective.Beta)}"], MemberRules.HaveSetters(bad));
        Assert.Equal([typeof(BadObjective).FullName], MemberRules.AreOpen(bad));
        Assert.Equal(s_nothing, MemberRules.AreOpen([typeof(ArchitectureProofs), typeof(IPolicy)]));
    }

    [Fact]
    public void A_comment_that_says_nothing_is_seen() =>
        Assert.Equal(
            ["M:Empty"],
            MemberRules.HaveEmptyComments(
                XDocument.Parse(
                    """
                    <doc><members>
                      <member name="M:Empty"><summary> </summary></member>
                      <member name="M:Told"><summary>Told.</summary></member>
                      <member name="M:Inherited"><inheritdoc/></member>
                    </members></doc>
                    """
                )
            )
        );

    /// <summary>What an objective must not be.</summary>
    public class BadObjective
    {
        public double Beta { get; set; }

        public static double Target(IPolicy policy)
        {
            using torch.Tensor logProb = policy.LogProb([]);
            return logProb.ToDouble();
        }

        public static Task<torch.Tensor> MixAsync() =>
            Task.FromException<torch.Tensor>(new InvalidOperationException("This is only looked at."));
    }
}
