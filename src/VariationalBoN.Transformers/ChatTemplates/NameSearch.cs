namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Searches names in all that is below a node.</summary>
internal static class NameSearch
{
    /// <summary>Those of <paramref name="wanted"/> that are read before they are set, in the order of the text.</summary>
    public static HashSet<string> Undeclared(IEnumerable<Node> nodes, params ReadOnlySpan<string> wanted)
    {
        var open = new HashSet<string>(wanted.ToArray());
        var found = new HashSet<string>();
        foreach (Node node in nodes)
            Search(node, open, found);
        return found;
    }

    /// <summary>True where a statement below sets the name.</summary>
    public static bool Stores(Node node, string name)
    {
        Work.CheckStack();
        return node is NameExpression { Use: NameUse.Store } target ? target.Name == name : node.Children.Any(child => Stores(child, name));
    }

    private static void Search(Node node, HashSet<string> open, HashSet<string> found)
    {
        Work.CheckStack();
        if (node is NameExpression name)
        {
            if (name.Use == NameUse.Load && open.Contains(name.Name))
                found.Add(name.Name);
            else
                open.Remove(name.Name);
        }
        foreach (Node child in node.Children)
            Search(child, open, found);
    }
}
