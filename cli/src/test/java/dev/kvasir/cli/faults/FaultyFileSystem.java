package dev.kvasir.cli.faults;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The default file system, with a say in everything that changes a file: create, write, force, move
 * and delete are announced, and do not happen when the announcement throws.
 */
final class FaultyFileSystem extends FileSystem {

  /** Hears of each change before it happens. */
  @FunctionalInterface
  interface Announcement {
    /**
     * Says what comes.
     *
     * @throws IOException instead of the change
     */
    void before(String operation) throws IOException;
  }

  private final FileSystem real;
  private final FaultyProvider provider;

  private FaultyFileSystem(FileSystem real, Announcement announcement) {
    this.real = real;
    provider = new FaultyProvider(this, real.provider(), announcement);
  }

  /** {@return {@code path} on such a file system} */
  static Path wrap(Path path, Announcement announcement) {
    return new FaultyFileSystem(path.getFileSystem(), announcement).wrap(path);
  }

  Path wrap(Path path) {
    return (Path)
        Proxy.newProxyInstance(
            Path.class.getClassLoader(), new Class<?>[] {Path.class}, new Delegate(this, path));
  }

  static Path unwrap(Path path) {
    return Proxy.isProxyClass(path.getClass())
            && Proxy.getInvocationHandler(path) instanceof Delegate delegate
        ? delegate.path()
        : path;
  }

  private record Delegate(FaultyFileSystem files, Path path) implements InvocationHandler {
    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
        throws Throwable {
      if (method.getName().equals("getFileSystem")) {
        return files;
      }
      Object[] unwrapped = arguments == null ? new Object[0] : arguments.clone();
      for (int i = 0; i < unwrapped.length; i++) {
        unwrapped[i] = unwrapped[i] instanceof Path other ? unwrap(other) : unwrapped[i];
      }
      try {
        Object result = method.invoke(path, unwrapped);
        return result instanceof Path other ? files.wrap(other) : result;
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
  }

  @Override
  public FileSystemProvider provider() {
    return provider;
  }

  @Override
  public Path getPath(String first, String... more) {
    return wrap(real.getPath(first, more));
  }

  @Override
  public boolean isOpen() {
    return real.isOpen();
  }

  @Override
  public boolean isReadOnly() {
    return real.isReadOnly();
  }

  @Override
  public String getSeparator() {
    return real.getSeparator();
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    return real.getRootDirectories();
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    return real.getFileStores();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return real.supportedFileAttributeViews();
  }

  @Override
  public PathMatcher getPathMatcher(String pattern) {
    return real.getPathMatcher(pattern);
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    return real.getUserPrincipalLookupService();
  }

  @Override
  public WatchService newWatchService() throws IOException {
    return real.newWatchService();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException("the real file system stays open");
  }
}
