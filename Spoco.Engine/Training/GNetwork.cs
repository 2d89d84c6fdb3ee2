namespace Spoco.Engine.Training;

/// <summary>Where the weights of g come from, the network that L_Ucon compares f with (paper, A.3 and Table 7).</summary>
public enum GNetwork
{
    /// <summary>A slow copy of f: theta_g = m theta_g + (1 - m) theta_f. The paper's choice.</summary>
    Momentum,

    /// <summary>theta_g = theta_f; no gradient flows through g. Batch norm keeps statistics of its own for g's view.</summary>
    Shared,

    /// <summary>As shared, with spatial dropout of p = 1/2 in g's bottleneck while training.</summary>
    Dropout,

    /// <summary>Weights of its own, which start as f's and are trained by the gradient of L_Ucon with respect to e^g.</summary>
    Trained,
}
