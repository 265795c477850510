namespace VariationalBoN.BestOfN;

/// <summary>The reward distributions of prompts, made when they are asked for:
/// what keeps them, a store on disk say, is not copied.</summary>
internal interface ICdfsOnDemand : IReadOnlyDictionary<Prompt, EmpiricalRewardCdf>
{
    /// <summary>M of each prompt, without making its distribution.</summary>
    IReadOnlyCollection<int> Counts { get; }
}
