namespace VariationalBoN.Experiments.Grid;

/// <summary>The one list of studies, in the order in which they are run and reported. Stateless.</summary>
internal static class GridStudies
{
    /// <summary>All studies.</summary>
    public static readonly GridStudy[] All =
    [
        new(
            "samples",
            "Reference samples per prompt",
            StudyParts.Samples,
            (own, _) => own.Samples() + "![win rate and KL against M](samples.png)\n"
        ),
        new("temperature", "Sampling temperature", StudyParts.Temperature, (own, _) => own.Temperature()),
        new("transform", "Increasing changes of the reward", StudyParts.Transform, (own, _) => own.Transform()),
        new("paper-scale", "The scaling of the authors' published code", StudyParts.PaperScale, (own, _) => own.PaperScale()),
        new("tuning", "What comes nearest to Best-of-N", StudyParts.Tuning, (_, compared) => compared.Tuning()),
        new("values", "Values along the answer, falling rates, growing batches", StudyParts.Values, (_, compared) => compared.Valued()),
        new("recipes", "Where a run begins, and how large its steps are", StudyParts.Recipes, (_, compared) => compared.Searched()),
        new("distilled", "The guided policy distilled", StudyParts.Distilled, (_, compared) => compared.Distilled()),
        new("longer", "The main sample's recipe, longer", StudyParts.Longer, (_, compared) => compared.Longer()),
        new("heads", "What a value head learns from", StudyParts.Heads, (_, compared) => compared.Heads()),
        new("guidance", "How a value head guides", StudyParts.Guidance, (_, compared) => compared.Guidance()),
        new("proposals", "One of several guided draws", StudyParts.Proposals, (own, _) => own.Proposals()),
        new("variants", "Baselines, weights, clipping, moving average", StudyParts.Variants, (_, compared) => compared.Variants()),
        new("speed", "Steps to 90 % of the gain", StudyParts.Speed, (own, _) => own.Speed()),
    ];
}
