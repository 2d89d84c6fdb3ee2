using System.Diagnostics;
using System.Net.Sockets;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;

namespace Spoco.Tests.Files;

public sealed class FileStatusTests : FolderTests
{
    [Test]
    public void Every_spelling_of_a_path_and_every_link_is_the_same_file()
    {
        Directory.CreateDirectory(PathOf("inner"));
        File.WriteAllText(PathOf("a.png"), "");
        File.WriteAllText(PathOf("b.png"), "");
        File.CreateSymbolicLink(PathOf("link.png"), "a.png");
        File.CreateSymbolicLink(PathOf("second.png"), PathOf("link.png"));
        Directory.CreateSymbolicLink(PathOf("folder"), Folder);
        var file = FileStatus.Of(PathOf("a.png"));
        Assert.That(file.Type, Is.EqualTo(FileType.Regular));
        string[] others = ["./a.png", "inner/../a.png", "inner/..//a.png", "link.png", "second.png", "folder/a.png", "folder/folder/link.png"];
        foreach (var other in others)
            Assert.That(FileStatus.Of(PathOf(other)), Is.EqualTo(file), other);
        Assert.That(FileStatus.Of(Path.GetRelativePath(Environment.CurrentDirectory, PathOf("a.png"))), Is.EqualTo(file));
        Assert.That(FileStatus.Of(PathOf("b.png")), Is.Not.EqualTo(file));
        Assert.That(FileStatus.Of(PathOf("folder")).Type, Is.EqualTo(FileType.Folder));
    }

    [Test]
    public void A_hard_link_is_the_same_file()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("Hard links are known on Linux only.");
        File.WriteAllText(PathOf("a.png"), "");
        Start("ln", PathOf("a.png"), PathOf("hard.png"));
        Assert.That(FileStatus.Of(PathOf("hard.png")), Is.EqualTo(FileStatus.Of(PathOf("a.png"))));
    }

    [Test]
    public void What_is_not_there_is_told_apart_by_its_path_without_links()
    {
        Directory.CreateDirectory(PathOf("real"));
        Directory.CreateSymbolicLink(PathOf("link"), PathOf("real"));
        Assert.That(FileStatus.Of(PathOf("link/new.png")), Is.EqualTo(FileStatus.Of(PathOf("real/new.png"))));
        Assert.That(FileStatus.Of(PathOf("real/new.png")).Type, Is.EqualTo(FileType.Missing));
        Assert.That(FileStatus.RealPath(PathOf("link/no/such/x.png")), Is.EqualTo(FileStatus.RealPath(PathOf("real/no/such/x.png"))));
        File.CreateSymbolicLink(PathOf("ring"), PathOf("ring"));
        Assert.That(FileStatus.RealPath(PathOf("ring")), Does.EndWith("ring"), "a link to itself ends");
    }

    [TestCase("x.png")]
    [TestCase("x.tif")]
    [TestCase("x.h5")]
    [TestCase("x.safetensors")]
    public void A_pipe_a_socket_and_a_device_are_refused_without_waiting(string name)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("Special files are known on Linux only.");
        Start("mkfifo", PathOf(name));
        File.CreateSymbolicLink(PathOf("link-" + name), PathOf(name));
        File.CreateSymbolicLink(PathOf("zero-" + name), "/dev/zero");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(PathOf("socket-" + name)));
        (string, string)[] special = [(name, "a pipe"), ("link-" + name, "a pipe"), ("zero-" + name, "a device"), ("socket-" + name, "a socket")];
        foreach (var (path, what) in special)
        {
            Assert.That(() => Read(PathOf(path)),
                Throws.TypeOf<InputException>().With.Message.EqualTo($"{PathOf(path)}: cannot be read (it is {what}, not a file)."));
        }

        static void Read(string path)
        {
            if (path.EndsWith("safetensors", StringComparison.Ordinal))
                SafeTensors.Open(path);
            else
                InputFile.ReadImage(path);
        }
    }

    private static void Start(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
    }
}
